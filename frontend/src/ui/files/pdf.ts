import { GlobalWorkerOptions, getDocument, VerbosityLevel } from "pdfjs-dist";
import worker from "pdfjs-dist/build/pdf.worker.min.mjs?url";
import { pageHeaders } from "../page_session.ts";

GlobalWorkerOptions.workerSrc = worker;

/** What is drawn of a page that would be larger. Pixels. */
const WIDEST = 640;

/** Draws a document's first page. Only what that needs is read of the file, where ranges are known. */
export async function drawFirstPage(
  url: string,
  canvas: HTMLCanvasElement,
  signal: AbortSignal,
): Promise<void> {
  const loading = getDocument({
    url,
    httpHeaders: pageHeaders(),
    disableAutoFetch: true,
    disableStream: true,
    enableXfa: false,
    // Nothing of it is compiled: the page's policy has no place for that.
    useWasm: false,
    isEvalSupported: false,
    // Fonts that a document does not bring are the reader's own: none come from elsewhere.
    useSystemFonts: true,
    verbosity: VerbosityLevel.ERRORS,
  } as Parameters<typeof getDocument>[0]);
  const end = () => void loading.destroy();
  signal.addEventListener("abort", end);
  try {
    const page = await (await loading.promise).getPage(1);
    const { width, height } = page.getViewport({ scale: 1 });
    const viewport = page.getViewport({ scale: Math.min(WIDEST / width, (2 * WIDEST) / height) });
    canvas.width = Math.ceil(viewport.width);
    canvas.height = Math.ceil(viewport.height);
    await page.render({ canvas, viewport }).promise;
  } finally {
    signal.removeEventListener("abort", end);
    end();
  }
}
