// Stands in for Strigo's Academy SDK: `Strigo.setup({email, token: {token, expiration}, ...})`.

import { show, subjectOf } from "./stand_in.js";

export const Strigo = {
  async setup({ email, token: { token, expiration } }) {
    if (!Number.isInteger(expiration)) {
      throw new TypeError("token.expiration must be a number, in milliseconds");
    }
    const subject = await subjectOf("strigo", token);
    if (email !== subject) {
      throw new Error("the token was minted for another e-mail");
    }
    show("strigo", "Strigo Academy", subject);
  },
};
