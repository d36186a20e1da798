const WIDTH = 600;
const HEIGHT = 64;

/** A line of the last figures, the newest at the right. */
export function Chart({ values, label }: { values: readonly number[]; label: string }) {
  const most = Math.max(1, ...values);
  const step = WIDTH / Math.max(1, values.length - 1);
  const points = values.map((value, index) => {
    const x = values.length === 1 ? WIDTH : index * step;
    return `${x.toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 6)).toFixed(1)}`;
  });
  const line =
    points.length === 1 ? `0,${points[0]?.split(",")[1]} ${points[0]}` : points.join(" ");
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <polygon class="chart-area" points={`0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}`} />
      <polyline class="chart-line" points={line} />
    </svg>
  );
}

/** How much of something is used, from 0 to 1. */
export function Bar({ share }: { share: number }) {
  const width = Math.round(100 * Math.min(1, Math.max(0, share)));
  return (
    <svg
      class={share > 0.9 ? "bar full" : "bar"}
      viewBox="0 0 100 4"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <rect class="bar-whole" width="100" height="4" />
      <rect class="bar-used" width={width} height="4" />
    </svg>
  );
}
