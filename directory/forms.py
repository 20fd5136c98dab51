"""Forms of the directory and of the operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS

from directory.entered import Reader, unreadable
from directory.formats import money
from directory.models import Category, Company, CostCode, Project, Vendor
from directory.perms import COMPANY_TOOLS, PROJECT_TOOLS, Level, Tool
from directory.workflow import FIELDS, Listed, unlinked_jobs


class ReadableForm(forms.BaseForm):
    """Names are kept as they are read: without control characters, and nothing turned round. Only
    what is typed into a large field has several lines. What is too long is told, not cut."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # A browser would cut what is pasted, without a word.
            field.widget.attrs.pop("maxlength", None)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name, value in list(cleaned.items()):
            long = isinstance(self.fields[name].widget, forms.Textarea)
            if isinstance(value, str) and (why := unreadable(value, long=long)):
                self.add_error(name, why)
        return cleaned


class AmountField(forms.Field):
    """Money as it is written on every page: 1,000,000.00. None where nothing is typed."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def to_python(self, value: Any) -> Decimal | None:
        reader = Reader()
        read = reader.number("", str(value or ""), 2, Decimal(10) ** 13)
        if reader.faults:
            raise forms.ValidationError(reader.faults[0].message)
        if read is not None and read < 0:
            raise forms.ValidationError("Enter 0.00 or more.")
        return read

    def prepare_value(self, value: Any) -> Any:
        return money(value) if isinstance(value, Decimal) else value


class PersonForm(ReadableForm, forms.Form):
    """Somebody who is invited."""

    name = forms.CharField(max_length=120)
    email = forms.EmailField(label="Email", max_length=254)


class BroughtForm(PersonForm):
    """Somebody whom the operator brings into a company."""

    without_levels = forms.BooleanField(
        label="No administrator: without any level yet",
        required=False,
        help_text="For somebody who has an account here already. The company's administrators "
        "choose the levels.",
    )


class CompanyForm(ReadableForm, forms.ModelForm):  # type: ignore[type-arg]
    """A company and how it is set up. Only the operator sees it."""

    class Meta:
        model = Company
        fields: tuple[str, ...] = ("name", "erp_enabled", "one_person_does_both")
        labels = {
            "erp_enabled": "ERP Integrations is switched on",
            "one_person_does_both": "One person does both: whoever sends an item may decide on it",
        }
        help_texts = {
            "erp_enabled": "Without it nothing of this company goes to accounting; "
            "what was accepted waits.",
            "one_person_does_both": "For a house with a single person in the office. Every item "
            "then shows that nobody else looked at it.",
        }


class SwitchesForm(CompanyForm):
    """What the operator may change of a company later."""

    class Meta(CompanyForm.Meta):
        fields = ("erp_enabled", "one_person_does_both")


class SettingsForm(forms.Form):
    """What a company decides for itself. `seen` names what the page showed."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    second_factor_required = forms.BooleanField(
        label="Approvers and administrators sign in with a second factor",
        required=False,
        help_text="An authenticator app, a passkey or a security key. Whoever has none may look, "
        "and sets one up under Your account.",
    )
    second_approver_from = AmountField(
        label="Two approvers have to accept from this amount on",
        required=False,
        help_text="Empty: one is enough. What an item adds and what it takes away count each by "
        "itself: a transfer of a large amount needs two, too.",
    )
    rejection_reasons = forms.CharField(
        label="Reasons for rejecting, one on each line",
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="Approvers choose from them when they reject, and add their own words.",
    )

    def clean_rejection_reasons(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["rejection_reasons"].splitlines()]
        reasons = list(dict.fromkeys(line for line in lines if line))
        if len(reasons) > 30:
            raise forms.ValidationError(f"At most 30 reasons; these are {len(reasons)}.")
        for reason in reasons:
            if len(reason) > 120:
                raise forms.ValidationError(f"At most 120 characters each: {reason[:40]} …")
        return reasons


class LevelsForm(forms.Form):
    """The levels of one person: company tools, and the tools of each project.

    Each field carries what it showed, so that only what this form changed is set: two
    administrators with the same page open do not undo each other.
    """

    def __init__(
        self,
        projects: Sequence[Project],
        held: Mapping[tuple[str, int | None], Level],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.places: dict[str, tuple[Tool, Project | None]] = {}
        for tool in COMPANY_TOOLS:
            self._add(tool, None, held)
        for project in projects:
            for tool in PROJECT_TOOLS:
                self._add(tool, project, held)
        self.projects = projects

    def _add(
        self, tool: Tool, project: Project | None, held: Mapping[tuple[str, int | None], Level]
    ) -> None:
        name = _name(tool, project)
        self.places[name] = (tool, project)
        self.fields[name] = forms.TypedChoiceField(
            choices=Level.choices,
            coerce=lambda value: Level(int(value)),
            initial=held.get((tool.value, project.pk if project else None), Level.NONE),
            label=tool.label,
            show_hidden_initial=True,
        )

    def changes(self) -> list[tuple[Tool, Project | None, Level]]:
        """What was changed on the screen."""
        return [(*self.places[name], self.cleaned_data[name]) for name in self.changed_data]

    def company_fields(self) -> list[forms.BoundField]:
        return [self[name] for name, (_, project) in self.places.items() if project is None]

    def project_fields(self) -> list[tuple[Project, list[forms.BoundField]]]:
        return [
            (project, [self[_name(tool, project)] for tool in PROJECT_TOOLS])
            for project in self.projects
        ]


def _name(tool: Tool, project: Project | None) -> str:
    return f"{tool.value}-{project.pk if project else 'company'}"


class ListedForm(ReadableForm, forms.ModelForm):  # type: ignore[type-arg]
    """A row of one company. Names are compared within that company only."""

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"company"}  # type: ignore[misc,no-any-return]

    def full_clean(self) -> None:
        super().full_clean()
        # "Constraint … is violated" says nothing to a person; the field that has to differ does.
        first = next(iter(self.fields))
        for error in self.errors.pop(NON_FIELD_ERRORS, []):
            taken = f"{self._meta.model._meta.verbose_name} with this" in str(error).lower()
            self.add_error(first, "There is one like this already." if taken else str(error))


class ProjectForm(ListedForm):
    class Meta:
        model = Project
        fields = FIELDS[Project]
        labels = {
            "job": "Job in the ERP",
            "change_events": "Change Events is switched on",
        }
        help_texts = {
            "number": "As your people call it: 24-017.",
            "job": "Jobs come from the ERP with each sync. Nothing is sent for a project without "
            "one.",
            "change_events": "Change orders are then made from the lines of change events; "
            "without it they are entered directly.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        job: Any = self.fields["job"]
        job.queryset, job.empty_label = unlinked_jobs(self.instance), "not linked"


class VendorForm(ListedForm):
    class Meta:
        model = Vendor
        fields = FIELDS[Vendor]
        help_texts = {"name": "Written as in the ERP, it is linked by the next sync."}


class CostCodeForm(ListedForm):
    class Meta:
        model = CostCode
        fields = FIELDS[CostCode]
        help_texts = {
            "code": "Written as the item is named in the ERP, it is linked by the next sync."
        }


class CategoryForm(ListedForm):
    class Meta:
        model = Category
        fields = FIELDS[Category]
        help_texts = {"name": "Labor, Material, Subcontract …"}


FORMS: dict[type[Listed], type[ListedForm]] = {
    Project: ProjectForm,
    Vendor: VendorForm,
    CostCode: CostCodeForm,
    Category: CategoryForm,
}
