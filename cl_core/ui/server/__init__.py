"""Start-up and shutdown of the server, limits on uploads, and all uses of Streamlit's private API."""
