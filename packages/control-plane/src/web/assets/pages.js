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
