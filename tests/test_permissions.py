"""Who may open what: one table of person × address × method → status.

Every address of ours has a row for every method that it takes, or this file fails. Each request is
made against the same stage, and what it changed is rolled back before the next person comes.

302: to the sign-in page for whoever is nobody, onwards for everybody else. 4xx after the door
(400, 409, 422) means that the person was let in and the empty form was not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from approvals.history_texts import InHistory
from approvals.models import Exportable
from attachments import keeping
from connectors.contract import Request
from connectors.models import Conversation, Message, Session
from directory.models import ApiToken, Mail, Project, ToolLevel
from directory.privilege import ask_push
from tests import factories
from tests.attachments.files import pdf, upload
from tests.budgets.entering import Desk
from tests.stage import Stage, sign_in

PEOPLE = ("nobody", "Pam", "Ann", "Vic", "Dora", "Otto", "Olga")
# What nobody from outside may ever read.
SECRETS = ("Meridian", "Riverside", "Ironwood", "SC-00", "City of Alder")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

# Pam: Admin on the project's tools. Ann: approver, may read the project. Vic: may only look.
# Dora: Admin on the company's tools, none of the project's. Otto: operator, of no company.
# Olga: Admin on everything of another company.
TABLE_OF_LINES = "Cost code,Category,Amount\n03-300,Subcontract,5"
TABLE = """
                                                               nobody Pam Ann Vic Dora Otto Olga
GET    /                                                          302 200 200 200 200 200 200
GET    /account/                                                  302 200 200 200 200 200 200
POST   /account/                                                  302 302 302 302 302 302 302
POST   /account/tokens/                                           302 200 200 200 200 200 200
POST   /account/tokens/{token}/revoke/                            302 302 404 404 404 404 404
GET    /notices/                                                  302 200 200 200 200 200 200
POST   /notices/                                                  302 302 302 302 302 302 302
GET    /health/                                                   503 503 503 503 503 503 503
GET    /health/live/                                              200 200 200 200 200 200 200
GET    /metrics                                                   401 401 401 401 401 401 401
GET    /projects/{project}/                                       302 200 200 200 200 404 404
GET    /projects/{project}/budget/                                302 200 200 200 404 404 404
POST   /projects/{sister}/budget/new/                             302 302 403 403 404 404 404
GET    /projects/{project}/budget/budget.csv                      302 200 200 200 404 404 404
GET    /projects/{project}/budget/edit/                           302 200 403 403 404 404 404
POST   /projects/{project}/budget/edit/                           302 409 403 403 404 404 404
GET    /projects/{project}/budget/import/                         302 200 403 403 404 404 404
POST   /projects/{project}/budget/import/                         302 422 403 403 404 404 404
POST   /projects/{project}/budget/steps/lock/                     302 302 403 403 404 404 404
POST   /projects/{project}/budget/delete/                         302 302 403 403 404 404 404
GET    /projects/{project}/budget/modifications/new/              302 302 403 403 404 404 404
POST   /projects/{project}/budget/modifications/new/              302 409 403 403 404 404 404
POST   /projects/{project}/budget/modifications/{modification}/delete/ 302 302 403 403 404 404 404
GET    /projects/{project}/job-costs/                             302 200 200 200 404 404 404

GET    /projects/{project}/commitments/                           302 200 200 200 404 404 404
GET    /projects/{project}/commitments/log.csv                    302 200 200 200 404 404 404
POST   /projects/{project}/commitments/send/                      302 200 403 403 404 404 404
GET    /projects/{project}/commitments/new/                       302 200 403 403 404 404 404
GET    /projects/{project}/commitments/new/?copy={draft}          302 200 403 403 404 404 404
POST   /projects/{project}/commitments/new/                       302 422 403 403 404 404 404
GET    /projects/{project}/commitments/{draft}/                   302 200 200 200 404 404 404
GET    /projects/{project}/commitments/{draft}/print/             302 200 200 200 404 404 404
GET    /projects/{project}/commitments/{draft}/edit/              302 200 403 403 404 404 404
POST   /projects/{project}/commitments/{draft}/edit/              302 422 403 403 404 404 404
POST   /projects/{project}/commitments/{draft}/status/            302 302 403 403 404 404 404
POST   /projects/{project}/commitments/{draft}/delete/            302 302 403 403 404 404 404
GET    /projects/{project}/commitments/{draft}/change-orders/new/ 302 200 403 403 404 404 404
POST   /projects/{project}/commitments/{draft}/change-orders/new/ 302 422 403 403 404 404 404
GET    /projects/{project}/change-orders/                         302 200 200 200 404 404 404
GET    /projects/{project}/change-orders/log.csv                  302 200 200 200 404 404 404
POST   /projects/{project}/change-orders/send/                    302 200 403 403 404 404 404
GET    /projects/{project}/change-orders/{co}/                    302 200 200 200 404 404 404
GET    /projects/{project}/change-orders/{co}/print/              302 200 200 200 404 404 404
GET    /projects/{project}/change-orders/{co}/edit/               302 200 403 403 404 404 404
POST   /projects/{project}/change-orders/{co}/edit/               302 422 403 403 404 404 404
POST   /projects/{project}/change-orders/{co}/status/             302 302 403 403 404 404 404
POST   /projects/{project}/change-orders/{co}/delete/             302 302 403 403 404 404 404

GET    /projects/{sister}/change-events/                          302 200 200 200 404 404 404
GET    /projects/{sister}/change-events/new/                      302 200 403 403 404 404 404
POST   /projects/{sister}/change-events/new/                      302 422 403 403 404 404 404
GET    /projects/{sister}/change-events/{event}/                  302 200 200 200 404 404 404
GET    /projects/{sister}/change-events/{event}/edit/             302 200 403 403 404 404 404
POST   /projects/{sister}/change-events/{event}/edit/             302 422 403 403 404 404 404
POST   /projects/{sister}/change-events/{event}/status/           302 302 403 403 404 404 404
POST   /projects/{sister}/change-events/{event}/delete/           302 302 403 403 404 404 404
POST   /projects/{sister}/change-events/{event}/create/           302 302 403 403 404 404 404
POST   /projects/{sister}/change-events/{event}/add/              302 302 403 403 404 404 404
POST   /projects/{sister}/change-events/{event}/detach/           302 422 403 403 404 404 404
POST   /projects/{sister}/change-events/{event}/attachments/      302 302 403 403 404 404 404
GET    /projects/{sister}/change-events/{event}/attachments/{scan}/ 302 200 200 200 404 404 404
POST /projects/{sister}/change-events/{event}/attachments/{scan}/remove/ 302 302 403 403 404 404 404

GET    /exports/{sent}/                                           302 200 200 200 200 404 404
GET    /exports/{sent}/panel/                                     302 200 200 200 200 404 404
POST   /exports/{sent}/look-up/                                   302 403 409 403 403 404 404
POST   /exports/{sent}/link/                                      302 403 409 403 403 404 404
POST   /exports/{sent}/attest/                                    302 403 409 403 403 404 404
GET    /exports/{sent}/exchanges/                                 302 403 200 403 200 404 404
GET    /exports/{sent}/exchanges/{message}/                       302 403 200 403 200 404 404
POST   /exports/{sent}/retrieve/                                  302 302 403 403 403 404 404
POST   /exports/{sent}/accept/                                    302 403 302 403 403 404 404
POST   /exports/{sent}/reject/                                    302 403 302 403 403 404 404
GET    /exports/{unsent}/                                         302 200 200 200 404 404 404
POST   /exports/{unsent}/send/                                    302 302 403 403 404 404 404

GET    /exports/{sent}/attachments/{sent_file}/                   302 200 200 200 200 404 404
POST   /exports/{sent}/attachments/                               302 302 403 403 403 404 404
POST   /exports/{sent}/attachments/{sent_file}/remove/            302 302 403 403 403 404 404
GET    /exports/{unsent}/attachments/{file}/                      302 200 200 200 404 404 404
POST   /exports/{unsent}/attachments/                             302 302 403 403 404 404 404
POST   /exports/{unsent}/attachments/{file}/remove/               302 302 403 403 404 404 404

GET    /companies/{company}/erp/commitments/                      302 404 200 200 200 404 404
GET    /companies/{company}/erp/commitments/filters/              302 404 200 200 200 404 404
GET    /companies/{company}/erp/change-orders/                    302 404 200 200 200 404 404
POST   /companies/{company}/erp/commitments/bulk/accept/          302 404 200 403 403 404 404
POST   /companies/{company}/erp/commitments/bulk/reject/          302 404 200 403 403 404 404
GET    /companies/{company}/erp/differences/                      302 404 200 200 200 404 404
POST   /companies/{company}/erp/differences/compare/              302 404 302 403 302 404 404
GET    /companies/{company}/erp/linking/                          302 404 200 200 200 404 404
GET    /companies/{company}/erp/linking/{project}/commitments/    302 404 200 200 404 404 404
GET    /companies/{company}/erp/linking/{project}/budgets/        302 404 200 200 404 404 404
POST   /companies/{company}/erp/linking/{project}/commitments/look-up/ 302 404 200 403 404 404 404
POST   /companies/{company}/erp/linking/{project}/commitments/link/ 302 404 200 403 404 404 404
GET    /companies/{company}/erp/month-end/                        302 404 200 200 200 404 404
GET    /companies/{company}/erp/month-end/{project}/              302 404 200 200 200 404 404
GET    /companies/{company}/erp/month-end/{project}.csv           302 404 200 200 200 404 404
GET    /companies/{company}/erp/job-costs/                        302 404 403 403 200 404 404
GET    /companies/{company}/erp/job-costs.csv                     302 404 403 403 200 404 404
GET    /companies/{company}/erp/job-costs/{project}/              302 404 403 403 200 404 404
GET    /companies/{company}/erp/job-costs/{project}.csv           302 404 403 403 200 404 404
GET    /companies/{company}/history/                              302 404 403 403 200 404 404
GET    /companies/{company}/history.csv                           302 404 403 403 200 404 404
GET    /companies/{company}/erp/vendors/                          302 404 200 200 200 404 404
GET    /companies/{company}/erp/jobs/                             302 404 200 200 200 404 404
GET    /companies/{company}/erp/cost-codes/                       302 404 200 200 200 404 404
GET    /companies/{company}/erp/categories/                       302 404 200 200 200 404 404
POST   /companies/{company}/erp/categories/link-all/              302 404 302 403 302 404 404
POST   /companies/{company}/erp/vendors/link-all/                 302 404 302 403 302 404 404
POST   /companies/{company}/erp/vendors/unlink/                   302 404 403 403 302 404 404
POST   /companies/{company}/erp/jobs/import-job/                  302 404 302 403 302 404 404
POST   /companies/{company}/erp/cost-codes/import-all/            302 404 302 403 302 404 404
GET    /companies/{company}/erp/connection/                       302 404 200 200 200 404 404
POST   /companies/{company}/erp/connection/categories/            302 404 403 403 302 404 404
GET    /companies/{company}/erp/connection/access/                302 404 403 403 302 404 404
POST   /companies/{company}/erp/connection/access/                302 404 403 403 302 404 404
POST   /companies/{company}/erp/connection/settings/              302 404 404 404 404 404 404
POST   /companies/{company}/erp/connection/renew/                302 404 403 403 302 404 404
POST   /companies/{company}/erp/connection/confirm/               302 404 403 403 302 404 404
GET    /companies/{company}/erp/connection/test/                  302 404 404 404 404 404 404
POST   /companies/{company}/erp/connection/test/                  302 404 404 404 404 404 404
POST   /companies/{company}/erp/connection/create/                302 404 403 403 302 404 404
POST   /companies/{company}/erp/connection/password/              302 404 403 403 200 404 404
POST   /companies/{company}/erp/connection/schedule/              302 404 403 403 302 404 404
POST   /companies/{company}/erp/connection/sync/                  302 404 302 403 302 404 404
GET    /companies/{company}/erp/settings/                         302 404 200 200 200 404 404
POST   /companies/{company}/erp/settings/                         302 404 403 403 422 404 404
GET    /qbwc/{connection}.qwc                                     302 404 403 403 200 404 404
GET    /qbwc/{connection}/support/                                200 200 200 200 200 200 200
GET    /qbwc/{connection}/                                        200 200 200 200 200 200 200
POST   /qbwc/{connection}/                                        400 400 400 400 400 400 400

GET    /companies/{company}/directory/                            302 404 404 404 200 404 404
GET    /companies/{company}/directory/people/new/                 302 404 404 404 200 404 404
POST   /companies/{company}/directory/people/new/                 302 404 404 404 422 404 404
GET    /companies/{company}/directory/people/{vic}/               302 404 404 404 200 404 404
POST   /companies/{company}/directory/people/{vic}/               302 404 404 404 422 404 404
POST   /companies/{company}/directory/people/{ivo}/link/          302 404 404 404 200 404 404
POST   /companies/{company}/directory/people/{vic}/activity/      302 404 404 404 302 404 404
POST   /companies/{company}/directory/people/{vic}/privilege/     302 404 404 404 302 404 404
GET    /companies/{company}/directory/vendors/                    302 404 404 404 200 404 404
GET    /companies/{company}/directory/vendors/new/                302 404 404 404 200 404 404
POST   /companies/{company}/directory/vendors/new/                302 404 404 404 422 404 404
GET    /companies/{company}/directory/vendors/{vendor}/           302 404 404 404 200 404 404
POST   /companies/{company}/directory/vendors/{vendor}/           302 404 404 404 422 404 404

GET    /operator/                                                 302 404 404 404 404 200 404
POST   /operator/                                                 302 404 404 404 404 422 404
POST   /operator/operators/                                       302 404 404 404 404 302 404
GET    /operator/companies/{company}/                             302 404 404 404 404 200 404
POST   /operator/companies/{company}/                             302 404 404 404 404 422 404
POST   /operator/operators/{vic_person}/dismiss/                  302 404 404 404 404 404 404
POST   /operator/companies/{company}/switches/                    302 404 404 404 404 302 404
POST   /operator/companies/{company}/people/{vic}/grant/          302 404 404 404 404 302 404
GET    /operator/companies/{company}/people/{vic}/revoke/         302 404 404 404 404 200 404
POST   /operator/companies/{company}/people/{vic}/revoke/         302 404 404 404 404 302 404
GET    /operator/mail/                                            302 404 404 404 404 200 404
GET    /operator/health/                                          302 404 404 404 404 200 404
GET    /operator/mail/{mail}/                                     302 404 404 404 404 404 404
GET    /operator/privileges/                                      302 404 404 404 404 200 404
POST   /operator/privileges/{request}/refuse/                     302 404 404 404 404 302 404
POST   /operator/companies/{company}/people/{ivo}/link/           302 404 404 404 404 200 404

GET    /api/schema/                                               200 200 200 200 200 200 200
GET    /api/docs/                                                 200 200 200 200 200 200 200
GET    /api/v1/nothing/                                           404 404 404 404 404 404 404
GET    /api/v1/companies/                                         401 200 200 200 200 200 200
GET    /api/v1/tokens/                                            401 200 200 200 200 200 200
POST   /api/v1/tokens/                                            401 201 201 201 201 201 201
DELETE /api/v1/tokens/{token}/                                    401 204 404 404 404 404 404
GET    /api/v1/projects/?company={company}                        401 200 200 200 200 404 404
GET    /api/v1/vendors/?company={company}                         401 404 200 200 200 404 404
GET    /api/v1/vendors/?project={project}                         401 200 200 200 404 404 404
GET    /api/v1/jobs/?company={company}                            401 404 200 200 200 404 404
GET    /api/v1/cost-codes/?project={project}                      401 200 200 200 404 404 404
GET    /api/v1/categories/?project={project}                      401 200 200 200 404 404 404
GET    /api/v1/people/?company={company}                          401 404 404 404 200 404 404
GET    /api/v1/privilege-requests/?company={company}              401 404 404 404 200 200 404
POST   /api/v1/privilege-requests/                                401 404 404 404 201 404 404
POST   /api/v1/privilege-requests/{request}/withdraw/             401 404 404 404 200 404 404
GET    /api/v1/connections/?company={company}                     401 404 403 403 200 404 404
GET    /api/v1/erp-records/vendors/?company={company}             401 404 200 200 200 404 404
POST   /api/v1/erp-records/vendors/link-all/                      401 404 200 403 200 404 404
POST   /api/v1/erp-records/vendors/archive/                       401 404 200 403 200 404 404
POST   /api/v1/erp-records/vendors/unlink/                        401 404 403 403 422 404 404
POST   /api/v1/connections/                                       401 404 403 403 422 404 404
PATCH  /api/v1/connections/{connection}/                          401 404 403 403 422 404 404
GET    /api/v1/commitments/?project={project}                     401 200 200 200 404 404 404
POST   /api/v1/commitments/                                       401 201 403 403 404 404 404
GET    /api/v1/commitments/{draft}/                               401 200 200 200 404 404 404
PUT    /api/v1/commitments/{draft}/                               401 200 403 403 404 404 404
DELETE /api/v1/commitments/{draft}/?version=0                     401 204 403 403 404 404 404
POST   /api/v1/commitments/{draft}/status/                        401 200 403 403 404 404 404
POST   /api/v1/commitments/{draft}/lines/import/                  401 200 403 403 404 404 404
GET    /api/v1/change-orders/?project={project}                   401 200 200 200 404 404 404
GET    /api/v1/change-orders/?commitment={parent}                 401 200 200 200 404 404 404
POST   /api/v1/change-orders/                                     401 201 403 403 404 404 404
GET    /api/v1/change-orders/{co}/                                401 200 200 200 404 404 404
PUT    /api/v1/change-orders/{co}/                                401 200 403 403 404 404 404
DELETE /api/v1/change-orders/{co}/?version=0                      401 204 403 403 404 404 404
POST   /api/v1/change-orders/{co}/status/                         401 200 403 403 404 404 404
POST   /api/v1/change-orders/{co}/lines/import/                   401 200 403 403 404 404 404
GET    /api/v1/change-events/?project={sister}                    401 200 200 200 404 404 404
POST   /api/v1/change-events/                                     401 201 403 403 404 404 404
GET    /api/v1/change-events/{event}/                             401 200 200 200 404 404 404
PUT    /api/v1/change-events/{event}/                             401 200 403 403 404 404 404
DELETE /api/v1/change-events/{event}/?version=0                   401 204 403 403 404 404 404
POST   /api/v1/change-events/{event}/status/                      401 200 403 403 404 404 404
POST   /api/v1/change-events/{event}/create-change-orders/        401 201 403 403 404 404 404
POST   /api/v1/change-events/{event}/add-to-change-order/         401 200 403 403 404 404 404
POST   /api/v1/change-events/{event}/detach/                      401 422 403 403 404 404 404
GET    /api/v1/change-events/{event}/attachments/                 401 200 200 200 404 404 404
POST   /api/v1/change-events/{event}/attachments/                 401 415 403 403 404 404 404
GET    /api/v1/change-events/{event}/attachments/{scan}/    401 200 200 200 404 404 404
DELETE /api/v1/change-events/{event}/attachments/{scan}/    401 204 403 403 404 404 404
GET    /api/v1/budgets/?project={project}                         401 200 200 200 404 404 404
POST   /api/v1/budgets/                                           401 201 403 403 404 404 404
GET    /api/v1/budgets/{budget}/                                  401 200 200 200 404 404 404
DELETE /api/v1/budgets/{budget}/?version=4                        401 204 403 403 404 404 404
GET    /api/v1/budgets/{budget}/lines/                            401 200 200 200 404 404 404
PUT    /api/v1/budgets/{budget}/lines/                            401 200 403 403 404 404 404
POST   /api/v1/budgets/{budget}/lines/import/                     401 200 403 403 404 404 404
GET    /api/v1/budgets/{budget}/figures/                          401 200 200 200 404 404 404
POST   /api/v1/budgets/{budget}/lock/                             401 200 403 403 404 404 404
POST   /api/v1/budgets/{budget}/unlock/                           401 422 403 403 404 404 404
POST   /api/v1/budgets/{budget}/next-round/                       401 422 403 403 404 404 404
GET    /api/v1/budgets/{budget}/modifications/                    401 200 200 200 404 404 404
POST   /api/v1/budgets/{budget}/modifications/                    401 422 403 403 404 404 404
DELETE /api/v1/budgets/{budget}/modifications/{modification}/?version=4 401 204 403 403 404 404 404
GET    /api/v1/exports/?company={company}&kind=commitment         401 404 200 200 200 404 404
GET    /api/v1/exports/{sent}/                                    401 200 200 200 200 404 404
GET    /api/v1/exports/{unsent}/                                  401 200 200 200 404 404 404
GET    /api/v1/exports/{sent}/preview/                            401 403 200 200 200 404 404
GET    /api/v1/exports/{sent}/exchanges/                          401 403 200 403 200 404 404
GET    /api/v1/exports/{sent}/attachments/                        401 200 200 200 200 404 404
POST   /api/v1/exports/{sent}/attachments/                        401 415 403 403 403 404 404
GET    /api/v1/exports/{sent}/attachments/{sent_file}/            401 200 200 200 200 404 404
DELETE /api/v1/exports/{sent}/attachments/{sent_file}/            401 422 403 403 403 404 404
GET    /api/v1/exports/{unsent}/attachments/                      401 200 200 200 404 404 404
GET    /api/v1/exports/{unsent}/attachments/{file}/               401 200 200 200 404 404 404
DELETE /api/v1/exports/{unsent}/attachments/{file}/               401 204 403 403 404 404 404
POST   /api/v1/exports/{unsent}/send/                             401 200 403 403 404 404 404
POST   /api/v1/exports/{sent}/retrieve/                           401 200 403 403 403 404 404
POST   /api/v1/exports/{sent}/accept/                             401 403 200 403 403 404 404
POST   /api/v1/exports/{sent}/reject/                             401 403 200 403 403 404 404
POST   /api/v1/exports/bulk/accept/                               401 404 200 403 403 404 404
POST   /api/v1/exports/bulk/send/                                 401 200 403 403 404 404 404
POST   /api/v1/exports/bulk/reject/                               401 404 200 403 403 404 404
POST   /api/v1/exports/{sent}/attest/                             401 403 400 403 403 404 404
GET    /api/v1/linking/?project={project}                         401 404 200 200 404 404 404
POST   /api/v1/linking/look-up/                                   401 404 200 403 404 404 404
POST   /api/v1/linking/link/                                      401 404 200 403 404 404 404
GET    /api/v1/events/?company={company}                          401 404 403 403 200 404 404
GET    /api/v1/events/?export={sent}                              401 200 200 200 200 404 404
"""


def bodies(at: dict[str, int]) -> dict[str, dict[str, Any]]:
    """What is sent where an empty request would say nothing about the door."""
    commitment = {
        "type": "subcontract",
        "number": "SC-9",
        "title": "Drywall",
        "date_created": "2026-03-02",
    }
    line = {"commitment_line": at["line"], "category": "Subcontract", "amount": "1.00"}
    items = {"items": [{"id": at["sent"], "version": 1}], "note": "No."}
    return {
        "POST /projects/{project}/commitments/{draft}/edit/": {"version": "0"},
        "POST /projects/{project}/commitments/{draft}/status/": {"version": "0", "status": "void"},
        "POST /projects/{project}/commitments/{draft}/delete/": {"version": "0"},
        "POST /projects/{project}/commitments/send/": {"item": f"{at['unsent']}:0"},
        "POST /projects/{project}/change-orders/send/": {"item": f"{at['unsent']}:0"},
        "POST /projects/{project}/change-orders/{co}/edit/": {"version": "0"},
        "POST /projects/{project}/change-orders/{co}/status/": {"version": "0", "status": "void"},
        "POST /projects/{project}/change-orders/{co}/delete/": {"version": "0"},
        "POST /projects/{sister}/change-events/{event}/edit/": {"version": "0"},
        "POST /projects/{sister}/change-events/{event}/status/": {
            "version": "0",
            "status": "closed",
        },
        "POST /projects/{sister}/change-events/{event}/delete/": {"version": "0"},
        "POST /projects/{sister}/change-events/{event}/create/": {
            "version": "0",
            "line": at["event_line"],
        },
        "POST /projects/{sister}/change-events/{event}/add/": {
            "version": "0",
            "line": at["event_line"],
            "change_order": at["sister_co"],
        },
        "POST /projects/{sister}/change-events/{event}/detach/": {"version": "0"},
        "POST /exports/{sent}/retrieve/": {"version": "1"},
        "POST /exports/{sent}/accept/": {"version": "1"},
        "POST /exports/{sent}/reject/": {"version": "1", "note": "No."},
        "POST /exports/{unsent}/send/": {"version": "0"},
        "POST /companies/{company}/erp/commitments/bulk/accept/": {"item": f"{at['sent']}:1"},
        "POST /companies/{company}/erp/commitments/bulk/reject/": {
            "item": f"{at['sent']}:1",
            "note": "No.",
        },
        **{
            f"POST /companies/{{company}}/erp/linking/{{project}}/commitments/{step}/": {
                rows: f"{at['unsent']}:0:record"
            }
            for step, rows in (("look-up", "item"), ("link", "fits"))
        },
        "POST /account/": {"mails": "daily"},
        "POST /account/tokens/": {"name": "reports", "days": "90"},
        "POST /companies/{company}/directory/people/{vic}/activity/": {"active": "no"},
        "POST /companies/{company}/directory/people/{vic}/privilege/": {"reason": "Month end."},
        "POST /api/v1/tokens/": {"name": "reports"},
        "POST /api/v1/privilege-requests/": {
            "company": at["company"],
            "person": at["vic_person"],
            "reason": "Month end.",
        },
        **{
            f"POST /api/v1/erp-records/vendors/{step}/": {"company": at["company"]}
            for step in ("link-all", "archive", "unlink")
        },
        "POST /api/v1/connections/": {"company": at["company"], "erp": "quickbooks"},
        "POST /api/v1/commitments/": {"project": at["project"], **commitment},
        "PUT /api/v1/commitments/{draft}/": {"version": 0, **commitment},
        "POST /api/v1/commitments/{draft}/status/": {"version": 0, "status": "void"},
        "POST /api/v1/change-orders/": {
            "commitment": at["parent"],
            "title": "Fire wall",
            "lines": [line],
        },
        "PUT /api/v1/change-orders/{co}/": {"version": 0, "title": "Fire", "lines": [line]},
        "POST /api/v1/change-orders/{co}/status/": {"version": 0, "status": "void"},
        "POST /api/v1/change-events/": {"project": at["sister"], "title": "Fire wall"},
        "PUT /api/v1/change-events/{event}/": {"version": 0, "title": "Fire wall"},
        "POST /api/v1/change-events/{event}/status/": {"version": 0, "status": "closed"},
        "POST /api/v1/change-events/{event}/create-change-orders/": {
            "version": 0,
            "lines": [at["event_line"]],
        },
        "POST /api/v1/change-events/{event}/add-to-change-order/": {
            "version": 0,
            "lines": [at["event_line"]],
            "change_order": at["sister_co"],
        },
        "POST /api/v1/change-events/{event}/detach/": {"version": 0, "lines": []},
        "POST /api/v1/budgets/": {"project": at["sister"]},
        "PUT /api/v1/budgets/{budget}/lines/": {"version": 4},
        "POST /api/v1/commitments/{draft}/lines/import/": {"version": 0, "table": TABLE_OF_LINES},
        "POST /api/v1/change-orders/{co}/lines/import/": {
            "version": 0,
            "table": "Changes line,Cost code,Category,Amount\nNew scope,03-300,Subcontract,5",
        },
        "POST /api/v1/budgets/{budget}/lines/import/": {"version": 4, "table": TABLE_OF_LINES},
        "POST /api/v1/budgets/{budget}/lock/": {"version": 4},
        "POST /api/v1/budgets/{budget}/unlock/": {"version": 4},
        "POST /api/v1/budgets/{budget}/next-round/": {"version": 4},
        "POST /api/v1/budgets/{budget}/modifications/": {
            "version": 4,
            "type": "change",
            "date": "2026-05-04",
            "reason": "More",
            "parts": [],
        },
        "POST /api/v1/exports/{unsent}/send/": {"version": 0},
        "POST /api/v1/exports/{sent}/retrieve/": {"version": 1},
        "POST /api/v1/exports/{sent}/accept/": {"version": 1},
        "POST /api/v1/exports/{sent}/reject/": {"version": 1, "note": "No."},
        "POST /api/v1/exports/bulk/accept/": items,
        "POST /api/v1/exports/bulk/reject/": items,
        "POST /api/v1/linking/look-up/": {"items": [{"id": at["unsent"], "version": 0}]},
        "POST /api/v1/linking/link/": {
            "items": [{"id": at["unsent"], "version": 0, "record": "1"}]
        },
        "POST /api/v1/exports/bulk/send/": {"items": [{"id": at["unsent"], "version": 0}]},
    }


@dataclass(frozen=True)
class Row:
    method: str
    path: str
    expected: dict[str, int]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def rows() -> list[Row]:
    found = []
    for line in TABLE.strip().splitlines()[1:]:
        if line.strip():
            method, path, *statuses = line.split()
            expected = dict(zip(PEOPLE, map(int, statuses), strict=True))
            found.append(Row(method, path, expected))
    return found


@pytest.fixture
def at(stage: Stage) -> dict[str, int]:
    """The ids that the table's addresses name. Ivo was invited and has not come yet."""
    ivo = factories.UserFactory.create(name="Ivo")
    ivo.set_unusable_password()
    ivo.save()
    parent = stage.commitment(number="SC-001")
    sent_file = attached(stage, parent.export)
    stage.send(parent)
    draft = stage.commitment(number="SC-002", status="draft")
    unsent = stage.commitment(number="SC-003")
    co = stage.change_order(parent, status="draft")
    sister = sister_project(stage)
    there = replace(stage, project=sister)
    theirs = there.commitment(number="SC-004")
    event = factories.ChangeEventFactory.create(project=sister, created_by=stage.pam)
    desk = Desk(stage)
    desk.create()
    desk.lock()
    modification = desk.modify(("03-300", "1.00"))
    budget = desk.unlock()
    ApiToken.make(stage.pam, "reports")
    asked = ask_push(stage.pam.memberships.get(), "Ann is away.", by=stage.access(stage.dora))
    return {
        "token": ApiToken.objects.get().pk,
        "company": stage.company.pk,
        "project": stage.project.pk,
        "connection": stage.connection.pk,
        "vendor": stage.vendor.pk,
        "request": asked.pk,
        "mail": Mail.objects.create(address="pam@test.example", subject="A", text="B").pk,
        "vic_person": stage.vic.pk,
        "vic": stage.vic.memberships.get().pk,
        "ivo": factories.MembershipFactory.create(user=ivo, company=stage.company).pk,
        "parent": parent.pk,
        "line": parent.lines.get(number=1).pk,
        "sent": parent.export_id,
        "message": answered(stage, parent),
        "sent_file": sent_file,
        "file": attached(stage, unsent.export),
        "draft": draft.pk,
        "unsent": unsent.export_id,
        "co": co.pk,
        "budget": budget.pk,
        "modification": modification.pk,
        "sister": sister.pk,
        "sister_co": there.change_order(theirs, status="draft").pk,
        "event": event.pk,
        "scan": attached(stage, event),
        "event_line": factories.ChangeEventLineFactory.create(
            event=event,
            commitment=theirs,
            cost_code=stage.codes["03-300"],
            category=stage.category,
        ).pk,
    }


def answered(stage: Stage, document: Exportable) -> int:
    """A message about it that QuickBooks has answered."""
    lane, about = stage.connection, str(document.export_id)
    message = Message.objects.create(
        session=Session.objects.create(connection=lane, fence=0, ended_at=Now()),
        number=1,
        body="<QBXML/>",
        reply="<QBXML/>",
    )
    conversation = Conversation.objects.create(
        connection=lane, purpose="compare", subject=about, record="", state="closed"
    )
    request = Request(body="<PurchaseOrderQueryRq></PurchaseOrderQueryRq>").canonical()
    message.exchanges.create(conversation=conversation, position=0, request_id="a", request=request)
    return message.pk


def attached(stage: Stage, document: InHistory) -> int:
    files = keeping.fit([upload("signed.pdf", pdf())])
    [made] = keeping.keep(stage.company, document.subject, files, by=stage.pam)
    return made.pk


def sister_project(stage: Stage) -> Project:
    """Another project of the same people, in which change orders are made from change events."""
    sister: Project = factories.ProjectFactory.create(
        company=stage.company, number="26-011", change_events=True
    )
    for held in ToolLevel.objects.filter(project=stage.project):
        held.pk, held.project = None, sister
        held.save()
    return sister


@pytest.mark.parametrize("name", PEOPLE)
def test_who_may(stage: Stage, at: dict[str, int], name: str) -> None:
    client, wrong = client_of(stage, name), []
    for row in rows():
        answer = ask(client, at, row)
        if answer.status_code != row.expected[name]:
            wrong.append(f"{row}: {answer.status_code}, not {row.expected[name]}")
        elif name == "nobody" and answer.status_code == 302:
            assert answer["Location"].startswith("/accounts/login/"), row
        if name in ("nobody", "Olga") or (name == "Otto" and "/operator/" not in row.path):
            told = answer.getvalue().decode() + str(answer.headers)
            # The operator is told of requests, and by whom.
            kept = SECRETS[1:] if name == "Otto" else SECRETS
            wrong += [f"{row}: tells {secret}" for secret in kept if secret in told]
    assert wrong == []


def client_of(stage: Stage, name: str) -> Client:
    client = Client(raise_request_exception=False)
    if name != "nobody":
        sign_in(client, stage.people[name])
    return client


def ask(client: Client, at: dict[str, int], row: Row, body: dict[str, Any] | None = None) -> Any:
    """The answer that this person gets, to this `body` if it is not the row's own; whatever came of
    it is undone."""
    json = "/api/" in row.path
    body = body or bodies(at).get(str(row), {} if json else {"csrfmiddlewaretoken": "x"})
    more: dict[str, Any] = {}
    if json and row.method != "GET":
        more = {"data": body, "content_type": "application/json"}
    elif row.method == "POST":
        more = {"data": body}
    with transaction.atomic():
        answer = getattr(client, row.method.lower())(row.path.format(**at), **more)
        transaction.set_rollback(True)
    return answer


# --- Nothing is forgotten ----------------------------------------------------------------------


def patterns(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Every address of ours, as `resolve()` names it; not the sign-in pages of allauth."""
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLPattern):
            if not route.startswith("accounts/"):
                yield route
        else:
            yield from patterns(one, route)


def methods_by_route() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {route: set() for route in patterns(get_resolver())}
    for row in rows():
        path = re.sub(r"\{\w+\}", "1", row.path).partition("?")[0]
        found[resolve(path).route].add(row.method)
    return found


def test_every_address_has_a_row() -> None:
    assert [route for route, methods in methods_by_route().items() if not methods] == []


def test_other_methods_do_nothing(stage: Stage, at: dict[str, int]) -> None:
    """A method without a row is refused: nothing changes what the table does not know."""
    known = {route: row for row in rows() for route in [_route(row.path)]}
    dora, otto, wrong = client_of(stage, "Dora"), client_of(stage, "Otto"), []
    methods_of = methods_by_route()
    for route, row in known.items():
        path, methods = row.path.format(**at), methods_of[route]
        for method in sorted(set(METHODS) - methods):
            client = otto if "/operator/" in path else dora
            with transaction.atomic():
                answer = client.generic(method, path)
                transaction.set_rollback(True)
            led_back = method == "GET" and answer.status_code == 302
            if answer.status_code not in (404, 405) and not led_back:
                wrong.append((method, route, answer.status_code))
    assert wrong == []


def _route(path: str) -> str:
    return resolve(re.sub(r"\{\w+\}", "1", path).partition("?")[0]).route
