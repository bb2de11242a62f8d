"""The PIM's register of tenants, read as it is."""

from __future__ import annotations

from typing import Any

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from consumer.mongo.documents import decode_leniently

Document = dict[str, Any]

TENANTS = "tenants"
_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)


def read_registry(client: MongoClient[Document], database: str) -> list[Document]:
    """Every tenant's document, by `_id`; text that is not UTF-8 has replacement characters in it.

    They may hold passwords. Raises PyMongoError, and UndecodableDocumentError for what is no BSON at all.
    """
    tenants = client[database].with_options(codec_options=_RAW)[TENANTS]
    found = tenants.find({}, {"tenant_id": True, "status": True, "database": True}).sort("_id")
    return [decode_leniently(bytes(document.raw)) for document in found]
