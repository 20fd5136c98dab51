// The print button of a paper. The browser's own menu does the same.
"use strict";

const button = document.querySelector("[data-print]");
button.hidden = false;
button.addEventListener("click", () => print());
