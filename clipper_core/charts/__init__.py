"""Pictures of a recording. No face: plotly is loaded only where a figure is drawn."""
