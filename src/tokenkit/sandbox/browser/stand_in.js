// What the stand-ins share. All of it is modelled: see tokenkit/sandbox/browser.py.

/**
 * Ask the sandbox that served this module whether it minted a token, and the token still holds.
 * Returns whom it was minted for; throws, never with the token, if the sandbox refuses it.
 */
export async function subjectOf(vendor, token) {
  if (typeof token !== "string" || token === "") {
    throw new TypeError(`the token must be a text, not ${token === "" ? "empty" : typeof token}`);
  }
  const response = await fetch(new URL(`check/${vendor}`, import.meta.url), {
    headers: { authorization: `Bearer ${token}` },
    cache: "no-store",
  });
  const verdict = await response.json();
  if (!verdict.valid) {
    throw new Error(`the sandbox refuses the token: ${verdict.reason}`);
  }
  return verdict.subject;
}

/** Show in the page that a vendor's module would be open now. */
export function show(vendor, title, subject) {
  const section = document.createElement("section");
  section.dataset.sandbox = vendor;
  section.textContent = `${title}, open for ${subject} (a stand-in, by the tokenkit sandbox)`;
  document.body.append(section);
}
