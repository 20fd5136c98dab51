"""Addresses of the directory and of the operator."""

from django.urls import path

from directory.views import account, lists, mail, operator, people, settings

PEOPLE = "companies/<int:company_id>/directory/people/<int:membership_id>/"
LIST = "companies/<int:company_id>/directory/<slug:kind>/"
COMPANY = "operator/companies/<int:company_id>/"

urlpatterns = [
    path("account/", account.account, name="account"),
    path("account/tokens/", account.new_token, name="account_tokens"),
    path("account/tokens/<int:pk>/revoke/", account.end_token, name="account_token_revoke"),
    path("notices/", account.notices, name="notices"),
    path("companies/<int:company_id>/directory/", people.people, name="directory"),
    path(
        "companies/<int:company_id>/directory/people/new/", people.invite, name="directory_invite"
    ),
    path(PEOPLE, people.one_person, name="directory_person"),
    path(PEOPLE + "link/", people.link, name="directory_link"),
    path(PEOPLE + "activity/", people.activity, name="directory_activity"),
    path(PEOPLE + "privilege/", people.ask, name="directory_privilege"),
    path(LIST, lists.rows, name="directory_list"),
    path(LIST + "new/", lists.entry, name="directory_new"),
    path(LIST + "<int:pk>/", lists.entry, name="directory_entry"),
    path("companies/<int:company_id>/erp/settings/", settings.settings, name="company_settings"),
    path("operator/", operator.companies, name="operator"),
    path("operator/operators/", operator.new_operator, name="operator_new"),
    path("operator/operators/<int:pk>/dismiss/", operator.dismiss, name="operator_dismiss"),
    path("operator/mail/", mail.outgoing, name="operator_mail"),
    path("operator/mail/<int:pk>/", mail.as_html, name="operator_mail_html"),
    path("operator/privileges/", operator.privileges, name="operator_privileges"),
    path("operator/privileges/<int:pk>/refuse/", operator.refuse, name="operator_refuse"),
    path(COMPANY, operator.company, name="operator_company"),
    path(COMPANY + "switches/", operator.switches, name="operator_switches"),
    path(COMPANY + "people/<int:membership_id>/grant/", operator.grant, name="operator_grant"),
    path(COMPANY + "people/<int:membership_id>/link/", operator.link, name="operator_link"),
]
