import { RouteConfig } from '@nestjs/platform-fastify';

const MARKS = 'leeway:route-config';

type Marks = Readonly<Record<string, unknown>>;

/** Adds to what Fastify knows of a route before Nest sees a request: what two decorators say of one route is put together. */
export function markRoute(marks: Marks): MethodDecorator {
  return (target, name, descriptor) => {
    const method = descriptor.value as object;
    const all = { ...(Reflect.getOwnMetadata(MARKS, method) as Marks | undefined), ...marks };
    Reflect.defineMetadata(MARKS, all, method);
    RouteConfig(all)(target, name, descriptor);
  };
}

/** Adds to what Fastify knows of the routes of a controller where they do not say it themselves. */
export function markRoutes(marks: Marks): ClassDecorator {
  return (controller) => {
    const prototype = controller.prototype as object;
    const methods: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(prototype);
    for (const [name, descriptor] of Object.entries(methods)) {
      const method: unknown = descriptor.value;
      if (typeof method !== 'function' || name === 'constructor') continue;
      const own = Reflect.getOwnMetadata(MARKS, method) as Marks | undefined;
      markRoute({ ...marks, ...own })(prototype, name, descriptor);
    }
  };
}
