// @vitest-environment happy-dom
import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type OnDemand, onDemand, onNotLoaded } from "../../src/ui/on_demand.ts";

interface Part {
  text: string;
}

let root: HTMLElement;
let answers: ((part: Part | undefined) => void)[];
let told: number;
let off: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  document.body.innerHTML = '<div id="app"></div>';
  root = document.getElementById("app") as HTMLElement;
  answers = [];
  told = 0;
  off = onNotLoaded(() => told++);
});
afterEach(() => {
  render(null, root);
  off();
  vi.useRealTimers();
});

/** A part whose every load is answered by the test: with nothing where it can't be had. */
const slowPart = () =>
  onDemand(
    () =>
      new Promise<Part>((resolve, reject) => {
        answers.push((part) => (part ? resolve(part) : reject(new Error("no network"))));
      }),
  );
/** An effect runs after the next frame. Milliseconds. */
const pass = (ms = 100) => vi.advanceTimersByTimeAsync(ms);
async function answer(part?: Part): Promise<void> {
  answers.shift()?.(part);
  await pass();
}

interface ShownProps {
  part: OnDemand<Part>;
  wanted?: boolean;
  onFailed?: () => void;
}

function Shown({ part, wanted = true, onFailed }: ShownProps) {
  return <p>{part.use(wanted, onFailed)?.text ?? "none"}</p>;
}

describe("what is loaded on demand", () => {
  test("is loaded once, when somebody wants it, and drawn everywhere then", async () => {
    const part = slowPart();
    const draw = (wanted: boolean) =>
      render(
        <>
          <Shown part={part} wanted={wanted} />
          <Shown part={part} wanted={wanted} />
        </>,
        root,
      );
    draw(false);
    await pass(60_000);
    expect(answers).toHaveLength(0);
    draw(true);
    await pass();
    expect(answers).toHaveLength(1);
    await answer({ text: "there" });
    expect(root.textContent).toBe("therethere");
  });

  test("is tried again from time to time, where nobody asked for it, and nothing is said", async () => {
    const part = slowPart();
    render(<Shown part={part} />, root);
    await pass();
    await answer();
    expect([root.textContent, answers.length, told]).toEqual(["none", 0, 0]);
    await pass(8_000);
    render(
      <>
        <Shown part={part} />
        <Shown part={part} />
      </>,
      root,
    );
    await pass();
    expect(answers, "one more does not make it come").toHaveLength(0);
    await pass(2_000);
    expect(answers).toHaveLength(1);
    await answer({ text: "there" });
    expect(root.textContent).toBe("therethere");
  });

  test("that somebody asked for is said when it fails, and tried when it is asked for again", async () => {
    const part = slowPart();
    const failed = vi.fn();
    const draw = (wanted: boolean) =>
      render(<Shown part={part} wanted={wanted} onFailed={failed} />, root);
    draw(true);
    await pass();
    await answer();
    expect([failed.mock.calls.length, told]).toEqual([1, 1]);
    draw(false);
    await pass(60_000);
    expect(answers, "nobody wants it").toHaveLength(0);
    draw(true);
    await pass();
    expect(answers).toHaveLength(1);
    await answer();
    expect([failed.mock.calls.length, told]).toEqual([2, 2]);
    draw(false);
    await pass();
    draw(true);
    await pass();
    expect(answers, "without waiting").toHaveLength(1);
    await answer({ text: "there" });
    expect(root.textContent).toBe("there");
  });

  test("can be loaded ahead, and what is no longer shown is told nothing", async () => {
    const part = slowPart();
    const failed = vi.fn();
    render(<Shown part={part} onFailed={failed} />, root);
    await pass();
    render(null, root);
    await pass();
    const ahead = part.ahead();
    expect(answers).toHaveLength(1);
    await answer();
    await ahead;
    expect([failed.mock.calls.length, told]).toEqual([0, 0]);
    void part.ahead();
    await answer({ text: "there" });
    render(<Shown part={part} />, root);
    expect(root.textContent).toBe("there");
  });
});
