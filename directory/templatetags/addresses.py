"""`{% url %}` as Django has it, in all templates, of addresses that are kept."""

from typing import Any

from django import template
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as parsed
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape

from directory.addresses import address

register = template.Library()


class Address(URLNode):
    """Addresses here have no namespaces, so the request does not matter."""

    def render(self, context: Context) -> str:
        args = [one.resolve(context) for one in self.args]
        kwargs = {name: one.resolve(context) for name, one in self.kwargs.items()}
        try:
            found = address(self.view_name.resolve(context), *args, **kwargs)
        except NoReverseMatch:
            if self.asvar is None:
                raise
            found = ""
        if self.asvar:
            context[self.asvar] = found
            return ""
        return conditional_escape(found) if context.autoescape else found


@register.tag
def url(parser: Parser, token: Token) -> Address:
    node: Any = parsed(parser, token)
    return Address(node.view_name, node.args, node.kwargs, node.asvar)
