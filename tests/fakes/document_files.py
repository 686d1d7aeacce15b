"""Files as people and attackers upload them, made in code: nothing binary is kept in the repository."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random

import docx
import pypdf

Line = tuple[str, int]
"""A line of a page and the size of its letters, in points."""

BODY, TITLE = 11, 18
_TEXT = """
    o cliente deve apresentar documento com foto na recepção antes da consulta marcada horário atendimento preço
    convênio pagamento cartão exame resultado laboratório segunda feira sábado domingo aberto fechado entrega
    garantia produto serviço contrato plano mensalidade cobertura carência reembolso prazo solicitação
"""
_WORDS = _TEXT.split()


def pdf(pages: Sequence[Sequence[Line]], *, compress: bool = True) -> bytes:
    """A PDF 1.4 with one font, a line below the other."""
    objects: list[bytes] = [b"", b""]
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    kids: list[int] = []
    for lines in pages:
        drawn = [
            b"BT /F1 %d Tf 1 0 0 1 50 %d Tm (%s) Tj ET" % (size, 790 - 16 * at, _escaped(text))
            for at, (text, size) in enumerate(lines)
        ]
        objects.append(_stream(b"\n".join(drawn), compress=compress))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            b"/Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % len(objects)
        )
        kids.append(len(objects))
    return _assembled(objects, kids)


def scanned_pdf(pages: int = 2) -> bytes:
    """Pages that are pictures."""
    objects: list[bytes] = [b"", b""]
    kids: list[int] = []
    for _ in range(pages):
        pixels = zlib.compress(bytes(range(256)) * 16)
        objects.append(
            b"<< /Type /XObject /Subtype /Image /Width 64 /Height 64 /ColorSpace /DeviceGray /BitsPerComponent 8 "
            b"/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(pixels), pixels)
        )
        objects.append(_stream(b"q 595 0 0 842 0 0 cm /Im1 Do Q"))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            b"/Resources << /XObject << /Im1 %d 0 R >> >> /Contents %d 0 R >>"
            % (len(objects) - 1, len(objects))
        )
        kids.append(len(objects))
    return _assembled(objects, kids)


def encrypted_pdf(user_password: str, owner_password: str = "owner") -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf([[("Segredo da casa, só com senha.", BODY)]])))
    writer.encrypt(user_password, owner_password, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def pdf_bomb() -> bytes:
    """One page whose content inflates to a gigabyte and more."""
    packer = zlib.compressobj(9)
    piece = b" " * (1 << 20)
    content = b"".join([*(packer.compress(piece) for _ in range(1300)), packer.flush()])
    objects = [
        b"",
        b"",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> /Contents 3 0 R >>",
    ]
    return _assembled(objects, [4])


def looping_pdf() -> bytes:
    """A page tree that contains itself."""
    return _assembled([b"", b"", b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2 >>"], [3])


def endless_pdf() -> bytes:
    """Quick to write and slow to read: a form that draws others, many times each, and those others."""
    objects = [b"", b""]
    depth, width = 12, 12
    first = len(objects) + 1
    for level in range(depth):
        last = level == depth - 1
        draws = b"BT /F1 9 Tf (x) Tj ET" if last else b"/X Do " * width
        resources = b"<< >>" if last else b"<< /XObject << /X %d 0 R >> >>" % (first + level + 1)
        objects.append(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources %s /Length %d >>\nstream\n%s\nendstream"
            % (resources, len(draws), draws)
        )
    objects.append(_stream(b"/X Do " * width))
    objects.append(
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
        b"/Resources << /XObject << /X %d 0 R >> >> /Contents %d 0 R >>" % (first, len(objects))
    )
    return _assembled(objects, [len(objects)])


def manual_pages(count: int, *, lines: int = 42, seed: int = 1) -> list[list[Line]]:
    """A manual: a chapter's title on each page, sentences over several lines below it."""
    random = Random(seed)
    pages: list[list[Line]] = []
    for number in range(1, count + 1):
        page: list[Line] = [(f"Capítulo {number}: {random.choice(_WORDS)}", TITLE)]
        for at in range(lines):
            text = " ".join(
                f"{random.choice(_WORDS)}{random.choice(['', '', 's', 'ndo', 'mente'])}" for _ in range(11)
            )
            page.append((text.capitalize() if at % 3 == 0 else f"{text}." if at % 3 == 2 else text, BODY))
        pages.append(page)
    return pages


def word(fill: Callable[[docx.document.Document], object]) -> bytes:
    """A Word document as `fill` makes it."""
    document = docx.Document()
    fill(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def repacked(content: bytes, *, add: dict[str, bytes] | None = None, drop: Sequence[str] = ()) -> bytes:
    """A ZIP with other parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in drop and name not in (add or {}):
                new.writestr(name, old.read(name))
        for name, part in (add or {}).items():
            new.writestr(name, part)
    return out.getvalue()


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def zip_bomb() -> bytes:
    """A Word document's skeleton with 400 MB of nothing in its main part."""
    nothing = bytes(1 << 20)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w", force_zip64=True) as part:
            for _ in range(400):
                part.write(nothing)
    return out.getvalue()


def lying_zip_bomb() -> bytes:
    """The same, whose list of contents says that it is small."""
    honest = zip_bomb()
    real, told = struct.pack("<L", 400 << 20), struct.pack("<L", 1000)
    return honest.replace(real, told)


def xml_bomb() -> bytes:
    """A Word document whose text is entities of entities."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    xml = (
        f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY e0 "lol">{entities}]>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>'
        "&e9;</w:t></w:r></w:p></w:body></w:document>"
    )
    return repacked(
        word(lambda document: document.add_paragraph("x")), add={"word/document.xml": xml.encode()}
    )


def file_reading_xml(path: str) -> bytes:
    """A Word document that asks its reader for a file of the server."""
    xml = (
        f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY secret SYSTEM "file://{path}">]>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>'
        "before &secret; after</w:t></w:r></w:p></w:body></w:document>"
    )
    return repacked(
        word(lambda document: document.add_paragraph("x")), add={"word/document.xml": xml.encode()}
    )


def program() -> bytes:
    """The beginning of a Windows program."""
    return b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" + bytes(range(256)) * 8


def picture() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


def old_word_document() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1024)


def _stream(content: bytes, *, compress: bool = True) -> bytes:
    packed = zlib.compress(content) if compress else content
    kind = b"/Filter /FlateDecode " if compress else b""
    return b"<< %s/Length %d >>\nstream\n%s\nendstream" % (kind, len(packed), packed)


def _escaped(text: str) -> bytes:
    return text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _assembled(objects: list[bytes], kids: Sequence[int]) -> bytes:
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (
        b" ".join(b"%d 0 R" % kid for kid in kids),
        len(kids),
    )
    out = bytearray(b"%PDF-1.4\n")
    places: list[int] = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
