"""The page that describes the API: Swagger UI with scripts served from here, readable for everyone."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

# White on Swagger UI's own colours, and its pale greys, miss the contrast of WCAG AA.
STYLE = """<style>
.swagger-ui .opblock.opblock-get .opblock-summary-method { background: #1c5d9f; }
.swagger-ui .opblock.opblock-post .opblock-summary-method { background: #14713f; }
.swagger-ui .opblock.opblock-put .opblock-summary-method { background: #8f5200; }
.swagger-ui .opblock.opblock-patch .opblock-summary-method { background: #0d6b5b; }
.swagger-ui .opblock.opblock-delete .opblock-summary-method { background: #b3261e; }
.swagger-ui .opblock.opblock-head .opblock-summary-method { background: #6d18b8; }
.swagger-ui .opblock.opblock-options .opblock-summary-method { background: #0d4b86; }
.swagger-ui .info .title small, .swagger-ui .info .title small.version-stamp { background: #3b4151; }
.swagger-ui .info .url { color: #1c5d9f; }
.swagger-ui .parameter__in { color: #595959; }
.swagger-ui .json-schema-2020-12-expand-deep-button { color: #4a4a4a; }
</style>"""


def describe(api: FastAPI, static_url: str) -> None:
    """Add the page as ``/docs``, without links inside its buttons, which a keyboard can't tell apart."""

    @api.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url=str(api.openapi_url),
            title=f"{api.title}: the HTTP API",
            swagger_js_url=f"{static_url}/swagger-ui-bundle.js",
            swagger_css_url=f"{static_url}/swagger-ui.css",
            swagger_favicon_url=f"{static_url}/favicon.png",
            swagger_ui_parameters={"deepLinking": False},
        )
        text = bytes(page.body).decode()
        return HTMLResponse(text.replace("<html>", '<html lang="en">').replace("</head>", f"{STYLE}</head>"))
