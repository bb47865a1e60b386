// How things are drawn by WebGL: the shape of its class, hollow where no note describes it, with a rim in the background's
// colour so that neighbours stay apart.
import { NodeProgram } from "sigma/rendering";
import { floatColor } from "sigma/utils";

export const SHAPES = [
  ...["circle", "square", "diamond", "triangle", "hexagon", "point-down", "bar"],
  ...["pentagon", "star", "cross", "saltire", "parallelogram", "trapezium"],
];
export const HOLLOW = 16;
export const background = { rgb: [1, 1, 1] };

const VERTEX = /* glsl */ `
attribute vec4 a_id;
attribute vec4 a_color;
attribute vec2 a_position;
attribute float a_size;
attribute float a_kind;
attribute float a_angle;
uniform mat3 u_matrix;
uniform float u_sizeRatio;
uniform float u_correctionRatio;
varying vec4 v_color;
varying vec2 v_place;
varying float v_radius;
varying float v_kind;
const float bias = 255.0 / 254.0;
void main() {
  float radius = a_size * u_correctionRatio / u_sizeRatio * 2.0;
  // The triangle that is drawn holds a circle of 1.5 radii: corners of shapes lie outside of their circle.
  vec2 place = 3.0 * radius * vec2(cos(a_angle), sin(a_angle));
  gl_Position = vec4((u_matrix * vec3(a_position + place, 1)).xy, 0, 1);
  v_place = place;
  v_radius = radius;
  v_kind = a_kind;
  #ifdef PICKING_MODE
  v_color = a_id;
  #else
  v_color = a_color;
  #endif
  v_color.a *= bias;
}`;

const FRAGMENT = /* glsl */ `
precision highp float;
varying vec4 v_color;
varying vec2 v_place;
varying float v_radius;
varying float v_kind;
uniform float u_correctionRatio;
uniform vec3 u_background;
const vec4 transparent = vec4(0.0);
float edge(vec2 p, float r, float shape) {
  if (shape < 0.5) return length(p) - r;
  if (shape < 1.5) return max(abs(p.x), abs(p.y)) - r * 0.88;
  if (shape < 2.5) return (abs(p.x) + abs(p.y)) * 0.7071 - r * 0.87;
  if (shape < 3.5) {
    p.y += r * 0.12;
    return max(abs(p.x) * 0.866 + p.y * 0.5, -p.y) - r * 0.66;
  }
  if (shape < 4.5) {
    p = abs(p);
    return max(p.x * 0.866 + p.y * 0.5, p.y) - r * 0.9;
  }
  if (shape < 5.5) {
    p.y -= r * 0.12;
    return max(abs(p.x) * 0.866 - p.y * 0.5, p.y) - r * 0.66;
  }
  if (shape < 6.5) return max(abs(p.x) - r * 1.15, abs(p.y) - r * 0.62);
  if (shape < 8.5) {
    // A fifth of the turn, its outer corner at the top.
    float angle = abs(mod(atan(p.x, p.y) + 0.6283, 1.2566) - 0.6283);
    vec2 q = length(p) * vec2(sin(angle), cos(angle));
    if (shape < 7.5) return dot(q, vec2(0.5878, 0.809)) - r * 0.874;
    return dot(q, vec2(0.9208, 0.3902)) - r * 0.507;
  }
  if (shape < 10.5) {
    if (shape > 9.5) p = vec2(p.x + p.y, p.x - p.y) * 0.7071;
    p = abs(p);
    return max(min(p.x, p.y) - r * 0.36, max(p.x, p.y) - r * 1.05);
  }
  if (shape < 11.5) return max(abs(p.x - p.y * 0.4861) * 0.8994 - r * 0.7645, abs(p.y) - r * 0.72);
  return max(abs(p.x) * 0.9162 + p.y * 0.4008 - r * 0.7788, abs(p.y) - r * 0.8);
}
void main() {
  bool hollow = v_kind > 15.5;
  float shape = hollow ? v_kind - 16.0 : v_kind;
  float pixel = u_correctionRatio * 2.0;
  float far = edge(v_place, v_radius, shape);
  #ifdef PICKING_MODE
  gl_FragColor = far > pixel ? transparent : v_color;
  #else
  vec4 paper = vec4(u_background, 1.0);
  float rim = max(v_radius * 0.1, pixel * 0.5);
  vec4 inner = v_color;
  if (hollow) inner = mix(paper, v_color, smoothstep(-0.5 * pixel, 0.5 * pixel, far + max(v_radius * 0.32, pixel)));
  vec4 whole = mix(inner, paper, smoothstep(-0.5 * pixel, 0.5 * pixel, far));
  gl_FragColor = mix(whole, transparent, smoothstep(rim - 0.5 * pixel, rim + 0.5 * pixel, far));
  #endif
}`;

const { UNSIGNED_BYTE, FLOAT, TRIANGLES } = WebGLRenderingContext;

/** Nodes with the attribute `kind`: the place of a shape among SHAPES, and HOLLOW more where it is empty. */
export class ShapeProgram extends NodeProgram {
  getDefinition() {
    return {
      VERTICES: 3,
      VERTEX_SHADER_SOURCE: VERTEX,
      FRAGMENT_SHADER_SOURCE: FRAGMENT,
      METHOD: TRIANGLES,
      UNIFORMS: ["u_sizeRatio", "u_correctionRatio", "u_matrix", "u_background"],
      ATTRIBUTES: [
        { name: "a_position", size: 2, type: FLOAT },
        { name: "a_size", size: 1, type: FLOAT },
        { name: "a_kind", size: 1, type: FLOAT },
        { name: "a_color", size: 4, type: UNSIGNED_BYTE, normalized: true },
        { name: "a_id", size: 4, type: UNSIGNED_BYTE, normalized: true },
      ],
      CONSTANT_ATTRIBUTES: [{ name: "a_angle", size: 1, type: FLOAT }],
      CONSTANT_DATA: [[0], [(2 * Math.PI) / 3], [(4 * Math.PI) / 3]],
    };
  }

  processVisibleItem(id, start, data) {
    const array = this.array;
    array[start++] = data.x;
    array[start++] = data.y;
    array[start++] = data.size;
    array[start++] = data.kind;
    array[start++] = floatColor(data.color);
    array[start++] = id;
  }

  setUniforms(params, { gl, uniformLocations }) {
    gl.uniform1f(uniformLocations.u_correctionRatio, params.correctionRatio);
    gl.uniform1f(uniformLocations.u_sizeRatio, params.sizeRatio);
    gl.uniformMatrix3fv(uniformLocations.u_matrix, false, params.matrix);
    gl.uniform3fv(uniformLocations.u_background, background.rgb);
  }
}
