"""What requests to the server pass through before Streamlit."""

from starlette.middleware import Middleware

from cl_core.ui.server.compression import CompressedStaticFiles
from cl_core.ui.server.first_paint import FirstPaint

MIDDLEWARE = (Middleware(FirstPaint), Middleware(CompressedStaticFiles))
