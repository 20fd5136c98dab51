"""`manage.py verify_audit`: reads every history from its first event and checks its chain."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from directory.formats import counted
from directory.history import faults
from directory.models import Chain, Company


class Command(BaseCommand):
    help = "Check the chain and the columns of every history; exit status 1 if one is not sound."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for chain in Chain.objects.select_related("company").order_by("id"):
            found = 0
            for fault in faults(chain.company_id):
                found += 1
                self.stderr.write(f"{chain}: {fault}")
            if found:
                broken += 1
            else:
                self.stdout.write(f"{chain}: {counted(chain.length, 'event')}, sound")
        for company in Company.objects.filter(chain=None):
            broken += 1
            self.stderr.write(f"{company} has no history at all")
        if broken:
            raise CommandError(f"{counted(broken, 'history is', 'histories are')} not as written.")
