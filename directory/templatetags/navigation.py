"""`{% load navigation %}`: what is around a page, and where a person may go from it."""

from django import template
from django.template.base import Node, NodeList, Parser, Token
from django.template.context import Context
from django.template.loader_tags import BlockNode
from django.utils.safestring import SafeString

from directory.access import without_second_factor
from directory.frame import frame_of
from directory.models import Company, Notice, User
from directory.notices import KINDS, notices_of
from directory.paging import rows_html

register = template.Library()

FEW = 5


@register.tag
def frame(parser: Parser, _token: Token) -> Node:
    """`{% frame %}…{% endframe %}`: the page, of the blocks between them."""
    blocks = parser.parse(("endframe",))
    parser.delete_first_token()
    return _Frame(blocks)


class _Frame(Node):
    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist  # in which an extending template looks for its blocks

    def render(self, context: Context) -> SafeString:
        blocks = [node for node in self.nodelist if isinstance(node, BlockNode)]
        parts = {block.name: block.render_annotated(context) for block in blocks}
        return rows_html("frame.jinja", **frame_of(context.get("request")), **parts)


@register.simple_tag
def new_notices(user: User) -> list[Notice]:
    """The latest notices that the person has not read; one query."""
    return list(notices_of(user).filter(is_read=False)[:FEW])


@register.filter
def notice_kind(kind: str) -> str:
    """What notices of a kind are called, as in the subject of their mail."""
    return KINDS[kind].subject


@register.simple_tag
def second_factor_asked_by(user: User) -> list[Company]:
    """The companies that ask this person for a second factor that they do not have."""
    return without_second_factor(user)
