import { render } from "preact";
import { App } from "./app.tsx";
import { applyTheme, savedTheme } from "./settings.ts";
import { followViewport } from "./viewport.ts";
import "./style/index.css";

applyTheme(savedTheme());
followViewport();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
