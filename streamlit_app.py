"""The entry: the ASGI app (pages and HTTP API on one port), and the home page when run as a script."""

import streamlit as st

if __name__ == "__main__":
    from pages.components.projects.home import draw_home

    draw_home()
else:
    import contextlib
    import gc
    from collections.abc import AsyncIterator
    from typing import Any

    from starlette.middleware import Middleware

    from clipper_core.web.api import api
    from clipper_core.web.middleware import ApiFirst

    @contextlib.asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[dict[str, Any] | None]:
        async with api.router.lifespan_context(api):
            # Streamlit collects garbage after every run of a page, while nothing else runs. Frozen objects, everything
            # loaded before the first run, are skipped.
            gc.collect()
            gc.freeze()
            yield None

    # Streamlit finds this by reading the file for an assignment from st.App, so it is written out here.
    app = st.App(__file__, lifespan=lifespan, middleware=[Middleware(ApiFirst, api=api)])
