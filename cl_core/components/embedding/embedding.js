/** The cloud of points as a component of its own; see `picture.js`. */

import { EmbeddingPicture } from "./picture.js";
import { mount } from "../_shared/picture.js";

/** @import { StreamlitComponent } from "../_shared/picture.js" */

/** @param {StreamlitComponent} component */
export default function embedding(component) {
  return mount(EmbeddingPicture, ".embedding", component);
}
