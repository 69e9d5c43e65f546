// Stands in for ZDK's user module: `user.actions.open(userToken)`.

import { show, subjectOf } from "./stand_in.js";

export const user = {
  actions: {
    async open(userToken) {
      show("zdk", "ZDK user module", await subjectOf("zdk", userToken));
    },
  },
};
