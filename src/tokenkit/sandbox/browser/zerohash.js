// Stands in for zerohash's modules. The name of the call is modelled: `zerohash.initialize({token})`.

import { show, subjectOf } from "./stand_in.js";

export const zerohash = {
  async initialize({ token }) {
    show("zerohash", "zerohash module", await subjectOf("zerohash", token));
  },
};
