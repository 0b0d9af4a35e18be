"""What each advertising platform matches people by, and where it says so: the one table of it.

Connectors take their `identifiers` from here, docs/identifiers.md is rendered from it (`page`), and the
golden vectors in tests/connectors/vectors hold it to examples that the platforms have published.
The order is the platform's preference: what matches best comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidegate.connector import Identifier


@dataclass(frozen=True, slots=True)
class Platform:
    """`sources` are pages with the date on which they were read. `choices` say what was chosen where they disagree."""

    name: str
    identifiers: Mapping[str, Identifier]
    sources: tuple[str, ...]
    choices: tuple[str, ...] = ()


def _hashed(rule: str) -> Identifier:
    return Identifier(rule, "sha256")


META = Platform(
    "Meta",
    {
        "email": _hashed("email"),
        "phone": _hashed("phone_digits"),
        "first_name": _hashed("name"),
        "last_name": _hashed("name"),
        "first_initial": _hashed("initial"),
        "city": _hashed("city"),
        "state": _hashed("state"),
        "postcode": _hashed("postcode"),
        "country": _hashed("country"),
        "birth_year": _hashed("birth_year"),
        "birth_month": _hashed("birth_month"),
        "birth_day": _hashed("birth_day"),
        "gender": _hashed("gender"),
        "mobile_advertiser_id": Identifier("mobile_advertiser_id"),
        "external_id": Identifier("plain"),
    },
    (
        "developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters, "
        "2026-01-09",
        "developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences, 2026-11-21",
    ),
    ("Gmail's dots and what follows a plus stay: Meta's pages speak of lower case and spaces alone.",),
)

GOOGLE = Platform(
    "Google",
    {
        "email": _hashed("email_gmail"),
        "phone": _hashed("phone"),
        "first_name": _hashed("given_name"),
        "last_name": _hashed("family_name"),
        "country": Identifier("country_upper"),
        "postcode": Identifier("plain"),
        "mobile_advertiser_id": Identifier("mobile_advertiser_id"),
        "user_id": Identifier("plain"),
    },
    (
        "developers.google.com/data-manager/api/devguides/concepts/formatting, 2026-11-22",
        "developers.google.com/data-manager/api/reference/rest/v1/UserData, 2026-11-22",
    ),
    (
        "Gmail addresses lose what follows a plus: the guide asks for it now (`cloudy.sanfrancisco+shopping@gmail.com` "
        "is `cloudysanfrancisco@gmail.com`), while its earlier editions asked for the dots alone.",
        "Names lose their punctuation: the reference asks for it, the guide does not mention it.",
        "Spaces inside names stay: the guide asks only for those around them to go. Display & Video 360's older guide "
        "(developers.google.com/display-video/api/guides/tasks/upload-customer-match-audience/prepare-data, "
        "2026-11-22) removed all of them, and dots in Gmail addresses it left; the Data Manager API's is followed.",
        "Google takes hashes as hexadecimal digits or as Base64, one way for a whole request: hexadecimal digits are "
        "sent, and a hash that comes as Base64 is written as such.",
    ),
)

TIKTOK = Platform(
    "TikTok",
    {
        "email": _hashed("email_no_spaces"),
        "phone": _hashed("phone"),
        "mobile_advertiser_id": _hashed("mobile_advertiser_id"),
    },
    (
        "ads.tiktok.com/help/article/how-to-create-a-custom-audience-with-a-customer-file (of September 2025), "
        "2026-11-22",
        "ads.tiktok.com/help/article/list-of-supported-ids-and-formats-for-a-customer-file (of June and of August "
        "2025), 2026-11-22",
        "ads.tiktok.com/help/article/customer-file (of February 2024), 2026-11-22",
    ),
    (
        "Dots and what follows a plus stay in e-mail addresses. TikTok's pages disagree: that of February 2024 removed "
        "both, those of June and August 2025 what follows a plus, that of September 2025 (the newest, with worked "
        "examples that can be computed again) neither. The newest is followed.",
        "Telephone numbers keep their plus, as in the pages of February 2024, June and September 2025; that of August "
        "2025 removed it, and the newest recommends the plus and says that TikTok also takes them without. The one "
        "hash that it gives, beside +16577770000 and +37493828222, is that of the second without its plus.",
    ),
)

LINKEDIN = Platform(
    "LinkedIn",
    {
        "email": _hashed("email_no_spaces"),
        "google_advertiser_id": Identifier("mobile_advertiser_id"),
        "first_name": Identifier("plain"),
        "last_name": Identifier("plain"),
        "title": Identifier("plain"),
        "company": Identifier("plain"),
        "country": Identifier("country_upper"),
    },
    ("learn.microsoft.com/en-us/linkedin/marketing/matched-audiences/create-and-manage-segment-users, 2026-11-22",),
    ("LinkedIn takes no telephone numbers.",),
)

PINTEREST = Platform(
    "Pinterest",
    {
        "email": _hashed("email"),
        "phone": _hashed("phone_digits"),
        "mobile_advertiser_id": _hashed("mobile_advertiser_id"),
        "external_id": Identifier("plain"),
    },
    ("github.com/pinterest/api-description, v5, CustomerListRecordRow and ConversionEventsUserData, 2026-11-22",),
    (
        "Pinterest takes SHA-1, SHA-256 and MD5: SHA-256 is sent, and a value that is a hash of another kind is not "
        "used, since removing it later would need the same kind.",
        "How a telephone number is written before it is hashed is described for Pinterest's conversions alone: digits "
        "with the calling code, no zeros in front. Customer lists are given the same.",
    ),
)

MICROSOFT = Platform(
    "Microsoft",
    {
        "email": _hashed("email"),
        "phone": _hashed("phone"),
        "crm_id": Identifier("plain"),
    },
    ("learn.microsoft.com/en-us/advertising/campaign-management-service/customerlistuserdata, 2026-11-22",),
    (
        "Microsoft's page asks for hexadecimal digits in lower case, and leaves the address itself undescribed: lower "
        "case and no spaces around is what every page of the others begins with. The hash that it gives beside "
        "test@contoso.com is not that of this address.",
    ),
)

SNAPCHAT = Platform(
    "Snapchat",
    {
        "email": _hashed("email"),
        "phone": _hashed("phone_digits"),
        "mobile_advertiser_id": _hashed("mobile_advertiser_id"),
    },
    (
        "developers.snap.com/api/marketing-api/Conversions-API/BestPractices, 2026-11-22",
        "developers.snap.com/api/marketing-api/Ads-API/customer-lists, 2026-11-22",
    ),
    ("Telephone numbers have no plus and no zeros in front, unlike Snapchat's own JSON Schema, which says E.164.",),
)

PLATFORMS: Mapping[str, Platform] = {
    "meta": META,
    "google": GOOGLE,
    "tiktok": TIKTOK,
    "linkedin": LINKEDIN,
    "pinterest": PINTEREST,
    "microsoft": MICROSOFT,
    "snapchat": SNAPCHAT,
}

_PLAIN = Identifier("plain")
#: what a file, a table or a service of one's own knows people by: nothing of it is hashed
UNHASHED: Mapping[str, Identifier] = {
    "email": Identifier("email"),
    "phone": Identifier("phone"),
    "external_id": _PLAIN,
    "first_name": _PLAIN,
    "last_name": _PLAIN,
    "city": _PLAIN,
    "state": _PLAIN,
    "postcode": _PLAIN,
    "country": _PLAIN,
    "date_of_birth": _PLAIN,
    "gender": _PLAIN,
}
