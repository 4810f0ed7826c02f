"""A folder of static files whose addresses change with their contents, as browsers keep what they have loaded."""

import re
from pathlib import Path
from zlib import crc32

_QUOTED = re.compile(r'"(\./)?([\w./-]+)"')


class SiteFiles:
    """The files of the site.

    Args:
        folder: where to write them; it is made if it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._addresses: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._addresses)

    def write(self, name: str, content: bytes | str) -> str:
        """Write a file.

        Args:
            name: path in the folder.
            content: of the file, text in UTF-8.

        Returns:
            Its address, relative to the pages.
        """
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        written = content.encode() if isinstance(content, str) else content
        path.write_bytes(written)
        self._addresses[name] = f"{name}?{crc32(written):08x}"
        return self._addresses[name]

    def with_addresses(self, text: str) -> str:
        """Return HTML or JavaScript with the address of each file that it names in quotes and that has been written."""

        def address(found: re.Match[str]) -> str:
            known = self._addresses.get(found[2])
            return f'"{found[1] or ""}{known}"' if known else found[0]

        return _QUOTED.sub(address, text)
