"""A stand-in for Viewpoint Spectrum and its Data Exchange server. It is not Spectrum.

`SpectrumCompany` keeps one company and answers HTTP requests to its services in this process;
``python -m sandbox.spectrum`` does the same over HTTP.

What it keeps to is what Trimble documents, or what was seen on live servers. Where neither says
anything, it assumes, and a live Spectrum may do otherwise:

* an accepted write is answered with nothing, or (a setting) with a G row;
* writes refuse with A, I and M; reads say E in a row, as their documentation does;
* every element of a layout has to be sent, in order; a GUID too, though one site did without;
* what is too long, or has too many decimals, is refused rather than cut;
* an executed change order may be born by a change request (a setting: only with a known number);
* a repeated line of a change request changes it (a setting: it is added once more);
* the texts of errors are its own, but for a few that are documented;
* row 501 is not sent, and a row with W says so;
* vendors come as a plain JSON list, and with OAuth the token alone does for them;
* Info-Link has columns that are called like the fields of the services (`tds` serves it over TCP).

Not played: purchase orders, vendors and jobs as writes, projections, notes, user-defined fields,
unit prices per billing item. Such requests find no service.
"""

from sandbox.spectrum.company import NoAnswer, SpectrumCompany

__all__ = ["NoAnswer", "SpectrumCompany"]
