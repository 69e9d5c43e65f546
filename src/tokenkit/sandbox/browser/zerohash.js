// Stands in for zerohash's web SDK: `new ZeroHashSDK({zeroHashAppsURL, env, theme})`, then
// `openModal({appIdentifier, jwt})`.

import { show, subjectOf } from "./stand_in.js";

// The documented identifiers of each permission; for other permissions the page may name any.
const IDENTIFIERS = {
  "onboarding": ["ONBOARDING"],
  "participant-profile": ["PROFILE"],
  "fwc": ["FUND"],
  "crypto-account-link": ["CRYPTO_ACCOUNT_LINK", "CRYPTO_ACCOUNT_LINK_PAYOUTS"],
  "crypto-withdrawals": ["CRYPTO_WITHDRAWALS"],
  "crypto-payouts": ["PAYOUTS"],
  "crypto-pay": ["PAY"],
  "crypto-buy": ["CRYPTO_BUY"],
  "fiat-account-link": ["FIAT_ACCOUNT_LINK", "FIAT_ACCOUNT_UPDATE"],
};

export class ZeroHashSDK {
  constructor(setup) {
    takeOnly("ZeroHashSDK", setup, ["zeroHashAppsURL", "env", "theme"]);
    if (!isSecure(setup.zeroHashAppsURL)) {
      throw new TypeError("zeroHashAppsURL must be an https URL");
    }
    if (setup.env !== "cert" && setup.env !== "prod") {
      throw new TypeError("env must be 'cert' or 'prod'");
    }
  }

  async openModal(modal) {
    takeOnly("openModal", modal, ["appIdentifier", "jwt"]);
    const { appIdentifier, jwt } = modal;
    if (typeof appIdentifier !== "string" || appIdentifier === "") {
      throw new TypeError("appIdentifier must be a text");
    }
    const subject = await subjectOf("zerohash", jwt);
    const permissions = permissionsOf(jwt);
    if (!permissions.some((name) => (IDENTIFIERS[name] ?? [appIdentifier]).includes(appIdentifier))) {
      throw new Error(`${appIdentifier} needs another permission than ${permissions.join(", ")}`);
    }
    show("zerohash", `zerohash ${appIdentifier}`, subject);
  }
}

function takeOnly(what, given, known) {
  const unknown = Object.keys(given ?? {}).filter((name) => !known.includes(name));
  if (typeof given !== "object" || given === null || unknown.length) {
    throw new TypeError(`${what} takes {${known.join(", ")}}, not ${unknown.join(", ") || given}`);
  }
}

function isSecure(url) {
  return typeof url === "string" && url.startsWith("https://") && URL.canParse(url);
}

function permissionsOf(jwt) {
  const claims = jwt.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(atob(claims)).permissions;
}
