// Stands in for zerohash's browser SDK: `new ZeroHashSDK({zeroHashAppsURL, env, theme})`, then
// `openModal({appIdentifier, jwt})`. That openModal returns a promise is modelled.

import { show, subjectOf } from "./stand_in.js";

export class ZeroHashSDK {
  constructor({ zeroHashAppsURL, env }) {
    if (!URL.canParse(zeroHashAppsURL)) {
      throw new TypeError("zeroHashAppsURL must be a URL");
    }
    if (env !== "cert" && env !== "prod") {
      throw new TypeError("env must be 'cert' or 'prod'");
    }
  }

  async openModal({ appIdentifier, jwt }) {
    if (typeof appIdentifier !== "string" || appIdentifier === "") {
      throw new TypeError("appIdentifier must be a text");
    }
    show("zerohash", `zerohash ${appIdentifier}`, await subjectOf("zerohash", jwt));
  }
}

export default ZeroHashSDK;
