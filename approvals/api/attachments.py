"""The files of one document by API."""

from __future__ import annotations

from typing import Any

import msgspec
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from approvals import attaching
from approvals.access import open_export, sees_document
from attachments.keeping import attached_to
from attachments.serving import CONTENT_TYPES, served
from connectors.contract import Attached
from directory.http import person


class AttachmentList(msgspec.Struct):
    """Oldest first."""

    results: list[Attached]


UPLOAD = {
    "multipart/form-data": {
        "type": "object",
        "properties": {
            "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
        },
        "required": ["file"],
    }
}


def files_in(request: Request) -> list[UploadedFile[Any]]:
    """The files of a form's parts `file`."""
    return [one for one in request.FILES.getlist("file") if isinstance(one, UploadedFile)]


@extend_schema(
    methods=["GET"],
    operation_id="attachments",
    summary="The files of an export's document",
    responses=AttachmentList,
)
@extend_schema(
    methods=["POST"],
    operation_id="attachments_add",
    summary="Add files to an export's document",
    request=UPLOAD,
    responses={201: AttachmentList},
)
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser])
def attachments(request: Request, pk: int) -> Response:
    """The files of an export's document, or more of them: PDF, PNG or JPEG, each as a part `file`
    of the form. All are kept or none; one that is there already by name and content is kept once.
    Who sees the frozen copy alone is told the files that it names."""
    export, access = open_export(person(request), pk)
    if request.method == "POST":
        attaching.need_to_attach(export, access)
        attaching.attach(export, files_in(request), by=access)
        return Response(AttachmentList(list(attached_to(export.subject))), 201)
    if sees_document(export, access):
        return Response(AttachmentList(list(export.attached)))
    return Response(AttachmentList(list(export.document.attachments)))


@extend_schema(
    methods=["GET"],
    operation_id="attachment",
    summary="The content of one file",
    responses={(200, kind): OpenApiTypes.BINARY for kind in CONTENT_TYPES.values()},
)
@extend_schema(
    methods=["DELETE"],
    operation_id="attachment_remove",
    summary="Take a file off its document",
    responses={204: None},
)
@api_view(["GET", "DELETE"])
def attachment(request: Request, pk: int, attachment_id: int) -> HttpResponseBase:
    """The content of one file, or taking it off its document."""
    if request.method == "DELETE":
        export, access = open_export(person(request), pk)
        attaching.remove(export, attachment_id, by=access)
        return Response(status=204)
    return served(attaching.open_attachment(person(request), pk, attachment_id))
