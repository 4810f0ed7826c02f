/** Keys that act wherever on the page they are pressed, unless what has the focus needs them itself. */

import { hasModifier } from "./events.js";

const ROLES = ["slider", "spinbutton", "textbox", "combobox", "listbox", "option", "radio", "tab", "menuitem", "switch"];
const TAKES_KEYS = ["input", "textarea", "select", "canvas", "svg", "[contenteditable]", ...ROLES.map((role) => `[role=${role}]`)].join();
const TAKES_SPACE = ["button", "a[href]", "summary", "[role=button]", "[role=checkbox]", TAKES_KEYS].join();

/**
 * Run the action of each key pressed on the page, until `signal` aborts.
 * @param {() => Record<string, (() => void) | undefined>} actions  by the name of the key
 * @param {AbortSignal} signal
 */
export function listenToPageKeys(actions, signal) {
  document.addEventListener(
    "keydown",
    (event) => {
      const action = actions()[event.key];
      if (!action || hasModifier(event) || event.defaultPrevented) return;
      const [focused] = event.composedPath();
      if (focused instanceof Element && focused.matches(event.key === " " ? TAKES_SPACE : TAKES_KEYS)) return;
      event.preventDefault();
      action();
    },
    { signal },
  );
}
