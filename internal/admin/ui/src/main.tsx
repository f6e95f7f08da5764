// The beginning: colours, place, stream, page.
import { render } from "preact";
import "@preact/signals"; // components that read a signal are drawn anew when it changes
import { App } from "./app";
import "./style/base.css";
import "./style/parts.css";
import { dress } from "./ink";
import { listen } from "./live";
import { follow } from "./route";

dress();
follow();
void listen();
const root = document.getElementById("app")!;
root.textContent = ""; // preact would take the words for those without JavaScript for its own
render(<App />, root);
