import { render } from "preact";
import { savedLanguage } from "../ui/settings.ts";
import { applyTheme, savedTheme } from "../ui/theme.ts";
import { createApi } from "./api.ts";
import { App } from "./app.tsx";
import { loadWords } from "./i18n/words.ts";
import "./style/index.css";

applyTheme(savedTheme());
const root = document.getElementById("app");
const language = savedLanguage();
void loadWords(language).then(() => {
  if (root !== null) render(<App api={createApi(document.baseURI)} first={language} />, root);
});
