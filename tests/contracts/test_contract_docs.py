"""The site about the contracts, built by Great Expectations itself."""

from __future__ import annotations


def test_the_site_tells_of_every_model_and_shows_nobodys_address(shop, tmp_path, capfd):
    shop.has("people", "(values ('ada', 'ada at example.com'), ('eve', 'eve@example.com')) as t (customer_id, email)")
    site = tmp_path / "contracts"

    for _ in range(2):
        shop.check(
            "people",
            {"well_formed": {"email": "email"}},
            {"unique": "customer_id", "name": "each customer once"},
            {"no_rows": "select email from {model}"},
            {"expect_column_max_to_be_between": {"column": "email", "max_value": "a"}},
            docs=site,
        )

    pages = {path: path.read_text() for path in site.rglob("*.html")}
    told = "\n".join(pages.values())
    assert any(path.name == "index.html" for path in pages)
    assert "each customer once" in told
    for path in site.rglob("*"):
        if path.is_file() and path.suffix in {".html", ".json"}:
            assert "example.com" not in path.read_text(), path
    assert capfd.readouterr() == ("", "")
