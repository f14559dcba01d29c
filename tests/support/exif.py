"""EXIF blocks, which may make any sense or none."""

import struct

SHORT, TEXT, LONG, RATIONAL, SIGNED_RATIONAL = 3, 2, 4, 5, 10
ORIENTATION, MAKE, X_RESOLUTION, UNIT = 274, 271, 282, 296


def exif(*tags, order="<"):
    """An EXIF block of tags (number, type, count, content)."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    entries, beyond, end = struct.pack(f"{order}H", len(tags)), b"", 8 + 2 + 12 * len(tags) + 4
    for tag, kind, count, content in tags:
        entries += struct.pack(f"{order}HHI", tag, kind, count)
        if len(content) > 4:
            entries += struct.pack(f"{order}I", end + len(beyond))
            beyond += content
        else:
            entries += content.ljust(4, b"\0")
    return b"Exif\0\0" + head + entries + bytes(4) + beyond
