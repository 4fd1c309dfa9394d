"""Prints samples as JSON lines, one {"kind", "text", "source"} each: values that other projects generate, always the same ones.

Faker (MIT) makes values of people and of ordinary columns, in many locales. rstr (BSD) makes tokens from the patterns of
detect-secrets (Apache-2.0), which scans repositories for them.
"""

import importlib
import json
import random
import sys

import rstr
from faker import Faker

COUNT = int(sys.argv[1])
SEED = 20260101

# detector, locale, provider
PEOPLE = [
    *[("email", locale, name) for locale in ("en_US", "de_DE", "fr_FR", "ja_JP") for name in ("email", "company_email")],
    ("us_ssn", "en_US", "ssn"),
    ("payment_card", "en_US", "credit_card_number"),
    *[("iban", locale, "iban") for locale in ("de_DE", "en_GB", "fr_FR", "it_IT", "es_ES", "nl_NL", "pl_PL", "no_NO")],
    ("phone_us", "en_US", "basic_phone_number"),
    ("ip", "en_US", "ipv4_public"),
    ("ip", "en_US", "ipv4_private"),
    ("ip", "en_US", "ipv6"),
    ("fr_nir", "fr_FR", "ssn"),
    ("es_nif", "es_ES", "nif"),
    ("es_nif", "es_ES", "nie"),
    ("it_codice_fiscale", "it_IT", "ssn"),
    ("nl_bsn", "nl_NL", "ssn"),
    ("pl_pesel", "pl_PL", "pesel"),
    ("se_personnummer", "sv_SE", "ssn"),
    ("br_cpf", "pt_BR", "cpf"),
    ("br_cpf", "pt_BR", "ssn"),
]

# detector, module of detect-secrets, index of its pattern
TOKENS = [
    ("aws_access_key", "aws", 0),
    ("github_token", "github_token", 0),
    ("gitlab_token", "gitlab_token", 0),
    ("gitlab_token", "gitlab_token", 1),
    ("slack_token", "slack", 0),
    ("slack_token", "slack", 1),
    ("stripe_key", "stripe", 0),
    ("ai_api_key", "openai", 0),
]

# what ordinary columns hold; nobody would call it sensitive
PLAIN = [
    ("en_US", name)
    for name in (
        "uuid4 sha1 sha256 md5 iso8601 unix_time ean13 ean8 isbn13 isbn10 mac_address user_agent file_path color_name hex_color "
        "sentence paragraph bs catch_phrase company job currency_code pricetag street_address city postcode latitude longitude "
        "license_plate vin swift cryptocurrency_code date time user_name slug uri_path mime_type port_number word year "
        "image_url http_method linux_processor windows_platform_token bothify_order numerify_order version log_line decimal"
    ).split()
] + [("de_DE", "address"), ("fr_FR", "paragraph"), ("ja_JP", "address"), ("de_DE", "vat_id"), ("pt_BR", "company")]


def own(fake, name):
    """Forms of order numbers, versions and log lines: Faker fills in the signs."""
    if name == "bothify_order":
        return fake.bothify(random.choice(["ORD-########", "??-####-####", "SKU##########", "INV/####/######"]))
    if name == "numerify_order":
        return fake.numerify(random.choice(["#########", "##########", "############", "%###############"]))
    if name == "version":
        return fake.numerify(random.choice(["v#.#.#", "version #.##.#.#", "#.#.##-rc.#", "Chrome/###.#.####.##"]))
    if name == "log_line":
        return f"{fake.iso8601()} INFO worker-{fake.random_int()} done in {fake.random_int()}.{fake.random_int()} ms id={fake.uuid4()}"
    if name == "decimal":
        return str(fake.pydecimal(left_digits=9, right_digits=4))
    return str(getattr(fake, name)())


def emit(kind, text, source):
    print(json.dumps({"kind": kind, "text": text, "source": source}))


def main():
    random.seed(SEED)
    Faker.seed(SEED)
    # at most so many signs where a pattern leaves it open
    importlib.import_module("rstr.xeger").STAR_PLUS_LIMIT = 60
    fakes = {}
    for kind, locale, name in PEOPLE:
        fake = fakes.setdefault(locale, Faker(locale))
        for _ in range(COUNT):
            emit(kind, str(getattr(fake, name)()), f"Faker {locale}.{name}")
    for kind, module, index in TOKENS:
        plugin = importlib.import_module(f"detect_secrets.plugins.{module}")
        own_here = (c for c in vars(plugin).values() if isinstance(c, type) and c.__module__ == plugin.__name__)
        pattern = next(own_here).denylist[index].pattern
        # rstr does not know lookahead; a webhook's scheme is no secret
        pattern = pattern.replace(r"(?!\w)", "").removeprefix("https://")
        for _ in range(COUNT):
            emit(kind, rstr.xeger(pattern), f"detect-secrets {module}")
    for locale, name in PLAIN:
        fake = fakes.setdefault(locale, Faker(locale))
        for _ in range(COUNT):
            emit("plain", own(fake, name), f"Faker {locale}.{name}")


main()
