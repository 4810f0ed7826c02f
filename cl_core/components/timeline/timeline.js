/** The time slider as a component of its own; see `picture.js`. */

import { TimelinePicture } from "./picture.js";
import { mount } from "../_shared/picture.js";

/** @import { StreamlitComponent } from "../_shared/picture.js" */

/** @param {StreamlitComponent} component */
export default function timeline(component) {
  return mount(TimelinePicture, ".timeline", component);
}
