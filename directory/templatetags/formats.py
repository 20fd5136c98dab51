"""`{% load formats %}`: the filters money, plain, moment, age, counted and
size."""

from django import template

from directory import formats

register = template.Library()
register.filter("money", formats.money)
register.filter("plain", formats.plain)
register.filter("moment", formats.moment)
register.filter("age", formats.age)
register.filter("counted", formats.counted)
register.filter("size", formats.size_text)
