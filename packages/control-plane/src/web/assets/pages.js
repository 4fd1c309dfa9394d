// Pages work without this file. It only keeps a form from being sent twice.
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button")) setTimeout(() => button.setAttribute("disabled", ""));
  });
}

// Back in history a browser shows the page as it was left: its buttons should work again.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[disabled]")) button.removeAttribute("disabled");
});

// A part with `data-live` is asked for again each two seconds and replaced where it changed; what is typed stays. Elements
// with `data-only-while` are shown only while the part is in that state.
const LIVE_MS = 2000;
for (const part of document.querySelectorAll("[data-live]")) {
  const refresh = async () => {
    try {
      const answer = await fetch(part.dataset.live, { headers: { accept: "text/html" }, redirect: "error" });
      if (!answer.ok) return;
      const next = new DOMParser().parseFromString(await answer.text(), "text/html").body;
      replaceChanged(part, next);
      showForState(part.querySelector("[data-state]")?.dataset.state);
    } catch {
      // the server is away or the session over: what is shown stays
    }
  };
  setInterval(() => document.hidden || refresh(), LIVE_MS);
}

function replaceChanged(part, next) {
  const fresh = [...next.children];
  const shown = [...part.children];
  if (fresh.length !== shown.length) return part.replaceChildren(...fresh);
  for (const [index, element] of fresh.entries()) {
    if (!element.isEqualNode(shown[index])) shown[index].replaceWith(element);
  }
}

function showForState(state) {
  if (state === undefined) return;
  for (const element of document.querySelectorAll("[data-only-while]")) {
    element.hidden = element.dataset.onlyWhile !== state;
  }
}

// A page that only hands something on.
for (const form of document.querySelectorAll("form[data-send]")) form.requestSubmit();
