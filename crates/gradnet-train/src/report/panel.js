// The live panel: the field of a run in the plane, evaluated here.

// Value and slope of the functions of a cascade's units.
const softplus = z => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const logistic = z => z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
const UNITS = {
  tanh: z => [Math.tanh(z), 1 - Math.tanh(z) ** 2],
  sigmoid: z => [logistic(z), logistic(z) * logistic(-z)],
  softplus: z => [softplus(z), logistic(z)],
  relu: z => [Math.max(z, 0), z > 0 ? 1 : 0],
  erf: z => [erf(z), 2 / Math.sqrt(Math.PI) * Math.exp(-z * z)],
};

// 2/sqrt(pi) exp(-z^2) sum of 2^n z^(2n+1)/(1 3 .. (2n+1)), whose terms have one sign.
function erf(z) {
  if (Math.abs(z) > 6) return Math.sign(z);
  let term = z, sum = z;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) sum += term *= 2 * z * z / (2 * n + 1);
  return 2 / Math.sqrt(Math.PI) * Math.exp(-z * z) * sum;
}

// Adds c w w' to J = [[J0, J1], [J1, J2]].
const addOuter = (J, c, [p, q]) => { J[0] += c * p * p; J[1] += c * p * q; J[2] += c * q * q; };

// f(x) = W' s(W x), unit for unit: the formula "cascade" of docs/interchange.md.
function cascade({ arrays, unit, nodes }) {
  const { W, alpha, beta, bias, a, b } = arrays;
  const layers = alpha.length, units = W.length;
  const through = (i, w) => {
    let value = 0, slope = 0;
    for (let l = 0; l < layers; l++) {
      const z = beta[l][i] * w + bias[l][i] + value;
      let s, ds;
      if (unit) {
        [s, ds] = unit(z);
      } else {
        const t = Math.tanh(z);
        s = a[l][i] * t + b[l][i] * (z - t);
        ds = a[l][i] * (1 - t * t) + b[l][i] * t * t;
      }
      slope = alpha[l][i] * ds * (beta[l][i] + slope);
      value = alpha[l][i] * s;
    }
    return [value, slope];
  };
  return {
    add(x, f, J) {
      for (let i = 0; i < units; i++) {
        const [value, slope] = through(i, W[i][0] * x[0] + W[i][1] * x[1]);
        f[0] += value * W[i][0];
        f[1] += value * W[i][1];
        addOuter(J, slope, W[i]);
      }
    },
    potential(x) {
      let sum = 0;
      for (let i = 0; i < units; i++) {
        const w = W[i][0] * x[0] + W[i][1] * x[1];
        for (const [t, weight] of nodes) sum += w * weight * through(i, t * w)[0];
      }
      return sum;
    },
  };
}

// f(x) = sum of alpha W' s(temperature (W x + b)): the formula "modules" of docs/interchange.md.
function modules({ arrays }) {
  const { W, alpha, temperature, bias, a, b } = arrays;
  const count = W.length, width = W[0].length;
  const hidden = (m, x) => W[m].map((w, j) => w[0] * x[0] + w[1] * x[1] + (bias ? bias[m][j] : 0));
  // The softmax of t z, and ln(mean of exp(t z))/t, which is its potential up to a constant.
  const softmax = (z, t) => {
    const largest = Math.max(...z.map(z => t * z));
    const e = z.map(z => Math.exp(t * z - largest));
    const sum = e.reduce((s, e) => s + e);
    return e.map(e => e / sum);
  };
  const maximum = (z, t) => {
    const largest = Math.max(...z), mean = z.reduce((s, z) => s + z) / width;
    if (t * (largest - Math.min(...z)) < 1) return mean + Math.log1p(z.reduce((s, z) => s + Math.expm1(t * (z - mean)), 0) / width) / t;
    return largest + Math.log(z.reduce((s, z) => s + Math.exp(t * (z - largest)), 0) / width) / t;
  };
  // With u = sign t z: f gets sign c W' p, and J the part c t W' (diag p - p p') W.
  const half = (m, z, sign, c, f, J) => {
    const t = temperature[m], p = softmax(z, sign * t), mean = [0, 0];
    p.forEach((p, j) => {
      mean[0] += p * W[m][j][0];
      mean[1] += p * W[m][j][1];
      addOuter(J, c * t * p, W[m][j]);
    });
    addOuter(J, -c * t, mean);
    f[0] += sign * c * mean[0];
    f[1] += sign * c * mean[1];
  };
  return {
    add(x, f, J) {
      for (let m = 0; m < count; m++) {
        const z = hidden(m, x);
        half(m, z, 1, alpha[m] * (a ? a[m] : 1), f, J);
        if (b) half(m, z, -1, alpha[m] * b[m], f, J);
      }
    },
    potential(x) {
      let sum = 0;
      for (let m = 0; m < count; m++) {
        const z = hidden(m, x), t = temperature[m];
        sum += alpha[m] * (a ? a[m] : 1) * maximum(z, t);
        if (b) sum += alpha[m] * b[m] * maximum(z.map(z => -z), t);
      }
      return sum;
    },
  };
}

// The field in the user's units, of what the page's data say of it: value, Jacobian, potential, inverse.
function field(panel) {
  const shaped = ({ shape, values }) => {
    // The weights have 32 bits.
    const numbers = Array.from(Float32Array.from(values));
    const split = (numbers, [size, ...rest]) => {
      if (!rest.length) return numbers;
      const step = numbers.length / size;
      return Array.from({ length: size }, (_, i) => split(numbers.slice(i * step, (i + 1) * step), rest));
    };
    return split(numbers, shape);
  };
  const arrays = Object.fromEntries(Object.entries(panel.arrays).map(([name, array]) => [name, shaped(array)]));
  const formula = { cascade, modules }[panel.formula]({ arrays, unit: UNITS[panel.function], nodes: panel.nodes });
  const L = arrays.linear ?? [[0, 0], [0, 0]], bias = arrays.output_bias ?? [0, 0];
  const whole = {
    at(x) {
      const f = [bias[0] + L[0][0] * x[0] + L[1][0] * x[1], bias[1] + L[0][1] * x[0] + L[1][1] * x[1]];
      const J = [L[0][0], L[0][1], L[1][1]];
      formula.add(x, f, J);
      return { f, J };
    },
    potential([p, q]) {
      const quadratic = (L[0][0] * p * p + 2 * L[0][1] * p * q + L[1][1] * q * q) / 2;
      return formula.potential([p, q]) + quadratic + bias[0] * p + bias[1] * q;
    },
  };
  // The field of separable dynamics is (h_q(q, 0), h_p(0, p)).
  const inner = !panel.separated ? whole : {
    at([q, p]) {
      const [ofQ, ofP] = [whole.at([q, 0]), whole.at([0, p])];
      return { f: [ofQ.f[0], ofP.f[1]], J: [ofQ.J[0], 0, ofP.J[2]] };
    },
    potential: ([q, p]) => whole.potential([q, 0]) + whole.potential([0, p]),
  };
  const { mean, x_scale, y_scale, constant, sign } = panel.similarity;
  const inward = x => x.map((x, i) => (x - mean[i]) / x_scale);
  return {
    value: x => inner.at(inward(x)).f.map((f, i) => constant[i] + sign * y_scale * f),
    potential: x => x_scale * y_scale * inner.potential(inward(x)) + sign * constant.reduce((s, c, i) => s + c * (x[i] - mean[i]), 0),
    // The point with f(x) = y, or null where the search ends elsewhere.
    inverse(y) {
      const found = solve(inner, y.map((y, i) => sign * (y - constant[i]) / y_scale));
      return found && found.map((x, i) => mean[i] + x_scale * x);
    },
  };
}

// Newton's method for g(x) = y from 0 on: a step is halved until it lowers |y - g(x)| or G(x) - <y, x>.
function solve(inner, y) {
  const goal = 1e-10 * Math.max(1, Math.hypot(...y));
  const from = x => {
    const { f, J } = inner.at(x), r = [y[0] - f[0], y[1] - f[1]];
    return { x, J, r, size: Math.hypot(...r) };
  };
  let at = from([0, 0]);
  for (let step = 0; step < 100 && at.size > goal; step++) {
    const [a, b, c] = at.J, [r, s] = at.r, det = a * c - b * b;
    const p = [(c * r - b * s) / det, (a * s - b * r) / det];
    const objective = x => inner.potential(x) - y[0] * x[0] - y[1] * x[1];
    let next, here;
    for (let length = 1; length > 1e-10; length /= 2) {
      const there = from([at.x[0] + length * p[0], at.x[1] + length * p[1]]);
      if (there.size <= (1 - 1e-4 * length) * at.size) { next = there; break; }
      here ??= objective(at.x);
      if (objective(there.x) < here - 1e-4 * length * (r * p[0] + s * p[1])) { next = there; break; }
    }
    if (!next) return null;
    at = next;
  }
  return at.size <= goal ? at.x : null;
}

// Seven digits, as many as the weights have, of what numbers of this size differ by.
const digits = (value, size = Math.abs(value)) => {
  const more = Math.ceil(Math.log10(Math.abs(value) / size));
  return String(Number(value.toPrecision(Number.isFinite(more) ? Math.min(17, 7 + Math.max(0, more)) : 7)));
};

const COLOURS = { ink: "#1b1f24", soft: "#5b6570", rule: "#d8dee4", level: "#b6bfc9", blue: "#0072b2", orange: "#d55e00", grey: "#999999" };

// A canvas as a plane with these ends of both axes.
function plane(canvas) {
  const margin = { left: 46, right: 8, top: 8, bottom: 24 };
  const pen = canvas.getContext("2d");
  let ends = [[0, 1], [0, 1]], size = 0;
  const span = axis => size - (axis ? margin.top + margin.bottom : margin.left + margin.right);
  const place = ([x, y]) => [
    margin.left + (x - ends[0][0]) / (ends[0][1] - ends[0][0]) * span(0),
    size - margin.bottom - (y - ends[1][0]) / (ends[1][1] - ends[1][0]) * span(1),
  ];
  const ticks = ([low, high]) => {
    const rough = (high - low) / 6, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map(f => f * power).find(step => step >= rough);
    const first = Math.ceil(low / step);
    return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
  };
  return {
    pen, place,
    // The point under a pointer.
    point(event) {
      const box = canvas.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      return [
        ends[0][0] + (x - margin.left) / span(0) * (ends[0][1] - ends[0][0]),
        ends[1][0] + (size - margin.bottom - y) / span(1) * (ends[1][1] - ends[1][0]),
      ];
    },
    near: (event, x) => {
      const box = canvas.getBoundingClientRect(), [left, top] = place(x);
      return Math.hypot(event.clientX - box.left - left, event.clientY - box.top - top) < 16;
    },
    // An empty plane, clipped to its frame; `finish` draws the frame, and inside it what its axes are called.
    begin(axes) {
      ends = axes;
      size = canvas.clientWidth;
      const ratio = window.devicePixelRatio || 1;
      canvas.width = canvas.height = Math.round(size * ratio);
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.save();
      pen.beginPath();
      pen.rect(margin.left, margin.top, span(0), span(1));
      pen.clip();
    },
    finish([across, upwards]) {
      pen.restore();
      pen.strokeStyle = COLOURS.rule;
      pen.lineWidth = 1;
      pen.strokeRect(margin.left, margin.top, span(0), span(1));
      pen.fillStyle = COLOURS.soft;
      pen.font = "11px system-ui, sans-serif";
      const name = (value, ticks) => {
        const step = ticks[1] - ticks[0], places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
        return Math.abs(value) >= 1e6 || step < 1e-4 ? String(Number(value.toPrecision(6))) : value.toFixed(places);
      };
      pen.textAlign = "center";
      ticks(ends[0]).forEach((x, _, all) => pen.fillText(name(x, all), place([x, ends[1][0]])[0], size - 8));
      pen.textAlign = "right";
      ticks(ends[1]).forEach((y, _, all) => pen.fillText(name(y, all), margin.left - 5, place([ends[0][0], y])[1] + 4));
      pen.fillStyle = COLOURS.ink;
      pen.fillText(across, size - margin.right - 5, size - margin.bottom - 6, span(0) / 2);
      pen.textAlign = "left";
      pen.fillText(upwards, margin.left + 5, margin.top + 13, span(0) / 2);
    },
    dots(points, colour) {
      pen.fillStyle = colour;
      for (const x of points) {
        const [left, top] = place(x);
        pen.beginPath();
        pen.arc(left, top, 2.2, 0, 2 * Math.PI);
        pen.fill();
      }
    },
    path(points, colour, width) {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      points.forEach((x, i) => pen[i ? "lineTo" : "moveTo"](...place(x)));
      pen.stroke();
    },
    // From a point along (u, v), in pixels, v upwards.
    arrow(x, [u, v], colour, width) {
      const [left, top] = place(x), length = Math.hypot(u, v);
      if (!(length > 0)) return;
      const [right, bottom] = [left + u, top - v], head = Math.min(6, length / 2);
      const turn = angle => {
        const [c, s] = [Math.cos(angle), Math.sin(angle)], [p, q] = [-u / length * head, v / length * head];
        return [right + c * p - s * q, bottom + s * p + c * q];
      };
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      pen.moveTo(left, top);
      pen.lineTo(right, bottom);
      pen.moveTo(...turn(0.5));
      pen.lineTo(right, bottom);
      pen.lineTo(...turn(-0.5));
      pen.stroke();
    },
    mark(x) {
      const [left, top] = place(x);
      pen.beginPath();
      pen.arc(left, top, 6, 0, 2 * Math.PI);
      pen.fillStyle = COLOURS.orange;
      pen.fill();
      pen.strokeStyle = "#fff";
      pen.lineWidth = 2;
      pen.stroke();
    },
    // Level lines of numbers on a grid of points: the crossings of each cell's sides. Between two lines lie equal areas.
    levels(grid, numbers, count) {
      const side = grid.length - 1, sorted = numbers.flat().sort((a, b) => a - b);
      pen.strokeStyle = COLOURS.level;
      pen.lineWidth = 1;
      pen.beginPath();
      for (let k = 1; k < count; k++) {
        const level = sorted[Math.floor(sorted.length * k / count)];
        for (let j = 0; j < side; j++) for (let i = 0; i < side; i++) {
          const corners = [[j, i], [j, i + 1], [j + 1, i + 1], [j + 1, i]];
          const crossings = [];
          corners.forEach(([p, q], n) => {
            const [r, s] = corners[(n + 1) % 4], [a, b] = [numbers[p][q], numbers[r][s]];
            if ((a < level) === (b < level)) return;
            const t = (level - a) / (b - a);
            crossings.push([0, 1].map(axis => grid[p][q][axis] + t * (grid[r][s][axis] - grid[p][q][axis])));
          });
          for (let n = 0; n + 1 < crossings.length; n += 2) {
            pen.moveTo(...place(crossings[n]));
            pen.lineTo(...place(crossings[n + 1]));
          }
        }
      }
      pen.stroke();
    },
  };
}

// The square around points, with some room.
function around(points) {
  const axes = [0, 1].map(axis => [Math.min(...points.map(x => x[axis])), Math.max(...points.map(x => x[axis]))]);
  const half = Math.max(...axes.map(([low, high]) => high - low), 1e-30) * 0.54;
  return axes.map(([low, high]) => [(low + high) / 2 - half, (low + high) / 2 + half]);
}

function livePanel(root) {
  const panel = runs[Number(root.dataset.run)].panel;
  const f = field(panel);
  const all = name => [...root.querySelectorAll(name)];
  const [points, values] = [".points", ".values"].map(name => root.querySelector(name));
  const [left, right] = [plane(points), plane(values)];
  const xs = all(".x"), ys = all(".y"), [potential] = all(".potential"), [verdict] = all(".verdict");
  const [source, target] = panel.clouds ?? [[], []];

  // What does not move: the field, its lattice and its level lines.
  const SIDE = 48, FINE = 4;
  const axes = panel.clouds ? around([...source, ...panel.axes[0].map((x, i) => [x, panel.axes[1][i]])]) : panel.axes;
  const node = (axis, k) => axes[axis][0] + (axes[axis][1] - axes[axis][0]) * k / SIDE;
  const grid = Array.from({ length: SIDE + 1 }, (_, j) => Array.from({ length: SIDE + 1 }, (_, i) => [node(0, i), node(1, j)]));
  const onGrid = grid.map(row => row.map(f.value));
  // The potential on the grid, for its lines alone: the field summed along the grid's sides.
  const along = (x, y, a, b) => (b[0] - a[0]) * (x[0] + y[0]) / 2 + (b[1] - a[1]) * (x[1] + y[1]) / 2;
  const potentials = grid.map(() => [0]);
  for (let j = 0; j <= SIDE; j++) {
    if (j) potentials[j][0] = potentials[j - 1][0] + along(onGrid[j - 1][0], onGrid[j][0], grid[j - 1][0], grid[j][0]);
    for (let i = 1; i <= SIDE; i++) {
      potentials[j][i] = potentials[j][i - 1] + along(onGrid[j][i - 1], onGrid[j][i], grid[j][i - 1], grid[j][i]);
    }
  }
  const arrows = [];
  for (let j = FINE / 2; j <= SIDE; j += FINE) for (let i = FINE / 2; i <= SIDE; i += FINE) arrows.push([grid[j][i], onGrid[j][i]]);
  const longest = Math.max(...arrows.map(([, y]) => Math.hypot(...y)), 1e-300);
  const lattice = [];
  for (let k = 0; k <= SIDE; k += FINE) lattice.push(onGrid[k], onGrid.map(row => row[k]));
  const image = source.map(f.value);
  const shown = panel.clouds ? around([...image, ...target]) : around(onGrid.flat());

  // What moves. `y` is f(x), or what is asked of the inverse; without an inverse there `x` is null.
  const middle = axes.map(([low, high]) => low + 0.65 * (high - low));
  const state = { x: middle, y: f.value(middle), shift: [0, 0] };

  const draw = () => {
    if (!points.clientWidth) return;
    const shifted = source.map(x => x.map((x, i) => x + state.shift[i]));
    left.begin(axes);
    left.levels(grid, potentials, 14);
    if (panel.clouds) left.dots(shifted, COLOURS.blue + "b0");
    const scale = points.clientWidth / (SIDE / FINE + 1) * 0.95 / longest;
    if (!panel.clouds) for (const [x, y] of arrows) left.arrow(x, y.map(y => y * scale), COLOURS.blue, 1.2);
    if (state.x) {
      if (!panel.clouds) left.arrow(state.x, state.y.map(y => y * scale * 1.5), COLOURS.orange, 2.5);
      left.mark(state.x);
    }
    left.finish(panel.names[0]);
    right.begin(shown);
    if (panel.clouds) {
      right.dots(target, COLOURS.grey + "90");
      right.dots(shifted.map(f.value), COLOURS.blue + "b0");
    } else {
      for (const line of lattice) right.path(line, COLOURS.blue + "90", 1);
    }
    right.mark(state.y);
    right.finish(panel.names[1]);
  };
  const write = (places, numbers, typed, axes) => places.forEach((place, i) => {
    if (place !== typed) place.value = numbers ? digits(numbers[i], axes && axes[i][1] - axes[i][0]) : "";
  });
  // The same numbers in words; `typed` is the field that is being typed into, which stays as it is.
  const show = typed => {
    write(xs, state.x, typed, axes);
    write(ys, state.y, typed, shown);
    potential.value = state.x ? digits(f.potential(state.x)) : "";
    if (panel.clouds) {
      const moved = source.map(x => f.value(x.map((x, i) => x + state.shift[i])));
      write(all(".shift"), state.shift, undefined, axes);
      write(all(".image"), [0, 1].map(axis => moved.reduce((sum, y) => sum + y[axis], 0) / moved.length), undefined, shown);
    }
    const beyond = state.x && state.x.some((x, i) => {
      const [low, high] = panel.axes[i];
      return x < 2 * low - high || x > 2 * high - low;
    });
    verdict.className = state.x && !beyond ? "verdict" : "verdict bad";
    verdict.textContent = !state.x ? "Not found: the search for the point with this value did not end there."
      : beyond ? "This point lies far outside those that the network learned from: it has learned nothing there." : "";
    draw();
  };
  const setPoint = (x, typed) => {
    state.x = x;
    state.y = f.value(x);
    show(typed);
  };
  const setValue = (y, typed) => {
    state.y = y;
    state.x = f.inverse(y);
    show(typed);
  };
  const typing = (places, set) => places.forEach(place => place.addEventListener("input", () => {
    const numbers = places.map(place => place.value.trim() === "" ? NaN : Number(place.value));
    if (numbers.every(Number.isFinite)) return set(numbers, place);
    [...xs, ...ys, potential].filter(other => !places.includes(other)).forEach(other => other.value = "");
    verdict.className = "verdict bad";
    verdict.textContent = "Both coordinates must be numbers.";
  }));
  typing(xs, setPoint);
  if (panel.invertible) typing(ys, setValue);

  const dragging = (canvas, start) => canvas.addEventListener("pointerdown", event => {
    const move = start(event);
    event.preventDefault();
    if (event.isTrusted) canvas.setPointerCapture(event.pointerId);
    const end = () => {
      canvas.removeEventListener("pointermove", move);
      ["pointerup", "pointercancel"].forEach(name => canvas.removeEventListener(name, end));
    };
    canvas.addEventListener("pointermove", move);
    ["pointerup", "pointercancel"].forEach(name => canvas.addEventListener(name, end));
  });
  dragging(points, event => {
    const atPoint = !panel.clouds || (state.x && left.near(event, state.x));
    const from = left.point(event), before = state.shift;
    const move = event => {
      const x = left.point(event);
      if (atPoint) return setPoint(x);
      state.shift = before.map((shift, i) => shift + x[i] - from[i]);
      show();
    };
    if (!panel.clouds) move(event);
    return move;
  });
  if (panel.invertible) {
    dragging(values, event => {
      const move = event => setValue(right.point(event));
      move(event);
      return move;
    });
  } else {
    values.classList.add("still");
  }
  new ResizeObserver(draw).observe(points);
  show();
}

document.querySelectorAll(".panel").forEach(livePanel);
