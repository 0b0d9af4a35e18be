// The page works without this file; it only makes it quicker to use.
"use strict";

const listing = document.querySelector(".listing");
const chosen = document.querySelector(".messages [aria-current]");

// A filter chosen is a filter meant.
for (const select of document.querySelectorAll("select[name=day]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// The list stays where it was when a message is opened.
if (listing) {
  const place = `scroll ${location.search}`;
  const kept = sessionStorage.getItem(place);
  if (kept !== null) listing.scrollTop = Number(kept);
  else if (chosen) chosen.scrollIntoView({ block: "nearest" });
  addEventListener("pagehide", () => sessionStorage.setItem(place, String(listing.scrollTop)));
}

// j and k walk through the messages, / goes to the search.
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  if (event.key === "/") {
    document.querySelector("input[type=search]")?.focus();
    event.preventDefault();
  } else if (event.key === "j" || event.key === "k") {
    const rows = [...document.querySelectorAll(".messages a")];
    const at = rows.indexOf(chosen);
    const next = rows[event.key === "j" ? at + 1 : at - 1];
    if (next) next.click();
  }
});

// Say when something new has come.
const fresh = document.querySelector(".fresh");
if (fresh) {
  const newest = Number(document.body.dataset.newest);
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const totals = await (await fetch("/api/totals")).json();
      if ((totals.newest ?? 0) !== newest) {
        fresh.textContent = "new messages: show";
        fresh.hidden = false;
      }
    } catch {
      // the server is gone; what is on the screen stays readable
    }
  }, 4000);
}
