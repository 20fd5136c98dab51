"""`{% load formats %}`: the filters money, moment, age, ago and size."""

from django import template

from directory import formats

register = template.Library()
register.filter("money", formats.money)
register.filter("moment", formats.moment)
register.filter("age", formats.age)
register.filter("ago", formats.ago)
register.filter("size", formats.size_text)
