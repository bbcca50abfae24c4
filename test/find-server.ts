import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { PROJECT_ROOT } from '../apps/demo/project-root.js';

/** The names under which each program may be installed: Debian has its own for Alertmanager. */
const EXECUTABLES = {
  prometheus: ['prometheus'],
  promtool: ['promtool'],
  alertmanager: ['alertmanager', 'prometheus-alertmanager'],
  amtool: ['amtool'],
  postgres: ['postgres'],
  initdb: ['initdb'],
  java: ['java'],
  kafka: [],
  curl: ['curl'],
  openssl: ['openssl'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type RealServer = keyof typeof EXECUTABLES;

/** Debian keeps one folder per major version here, and puts none of them on the PATH. */
const POSTGRES_VERSIONS = '/usr/lib/postgresql';
const USUAL_FOLDERS = ['/usr/local/bin', '/usr/bin', '/usr/sbin'];

/** Where `mvn dependency:copy-dependencies` puts the jars of test/kafka/pom.xml: see CONTRIBUTING.md. */
const KAFKA_JARS = resolve('.kafka-test/libs');

/**
 * The path of a real server's executable, or null when this machine has none. PostgreSQL: the newest version. Kafka: the folder of
 * its jars, where there is a Java to run them.
 */
export function findServer(server: RealServer): string | null {
  if (server === 'kafka') return findServer('java') !== null && hasKafka() ? KAFKA_JARS : null;
  const folders = [
    ...postgresFolders(server),
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...USUAL_FOLDERS,
  ];
  const paths = folders
    .filter((folder) => folder !== '')
    .flatMap((folder) => EXECUTABLES[server].map((name) => join(folder, name)));
  return paths.find(isExecutable) ?? null;
}

/** Where `.ci/run` makes a Python environment with test/python/requirements.txt; LEEWAY_TEST_PYTHON names another one's interpreter. */
const PYTHON_ENVIRONMENT = join(PROJECT_ROOT, '.venv-test/bin/python');

/** The interpreter of a Python environment with the packages that tests need, or null when there is none. */
export function findPython(): string | null {
  const paths = [process.env['LEEWAY_TEST_PYTHON'] ?? '', PYTHON_ENVIRONMENT];
  return paths.filter((path) => path !== '').find(isExecutable) ?? null;
}

function postgresFolders(server: RealServer): string[] {
  if (server !== 'postgres' && server !== 'initdb') return [];
  try {
    const versions = readdirSync(POSTGRES_VERSIONS).toSorted((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(POSTGRES_VERSIONS, version, 'bin'));
  } catch {
    return [];
  }
}

function hasKafka(): boolean {
  try {
    return readdirSync(KAFKA_JARS).some((name) => /^kafka_[\d.]+-.*\.jar$/.test(name));
  } catch {
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
