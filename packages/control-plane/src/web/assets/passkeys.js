// Fills a form with what an authenticator answers (WebAuthn Level 3) and sends it. The options stand in the form.
const DECLINED = "The browser got no answer from a passkey. Try once more.";
const MISSING = "This browser knows no passkeys.";

for (const form of document.querySelectorAll("form[data-passkey-create], form[data-passkey-get]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form).then(
      () => HTMLFormElement.prototype.submit.call(form),
      (error) => say(form, error instanceof TypeError ? MISSING : DECLINED),
    );
  });
}

async function ask(form) {
  const { passkeyCreate, passkeyGet } = form.dataset;
  if (passkeyCreate !== undefined) {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(passkeyCreate));
    put(form, "attestation", await navigator.credentials.create({ publicKey }));
  } else {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(passkeyGet));
    put(form, "assertion", await navigator.credentials.get({ publicKey }));
  }
}

function put(form, name, credential) {
  form.elements.namedItem(name).value = JSON.stringify(credential.toJSON());
}

function say(form, text) {
  const notice = form.querySelector("[role=alert]");
  notice.textContent = text;
  notice.hidden = false;
  for (const button of form.querySelectorAll("button")) button.removeAttribute("disabled");
}
