"""`{% load formats %}`: the filters money, moment and age."""

from django import template

from directory import formats

register = template.Library()
register.filter("money", formats.money)
register.filter("moment", formats.moment)
register.filter("age", formats.age)
