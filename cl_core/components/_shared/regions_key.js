/** Key of class weights, their regions and their wedges; `regions_key.html` is its HTML. */

import { find, setText } from "./dom.js";

/** @import { Words } from "./picture.js" */

/**
 * Write the key, which is hidden where it is not shown.
 * @param {HTMLElement} element  that has the key, or is it
 * @param {Words} words
 * @param {{shown: boolean, margin: boolean}} what  whether a margin is drawn too
 */
export function writeRegionsKey(element, words, { shown, margin }) {
  find(element, ".regions-key").hidden = !shown;
  find(element, ".of-margin").hidden = !margin;
  for (const name of ["ray", "region", "wedge"]) setText(find(element, `[data-word="${name}"]`), words[name]);
}
