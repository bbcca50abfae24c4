import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** Serves the API's description at /api/openapi.json and a page to browse and try it at /api/docs. */
export function installOpenApi(app: NestFastifyApplication): void {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Leeway')
    .setDescription(
      'Drift and model-health monitoring: baselines in, drift results, alerts and retraining runs out. Failures are RFC 9457 problem details.',
    )
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key: lw_…' })
    .addSecurityRequirements('bearer')
    .build();
  SwaggerModule.setup('api/docs', app, () => withPlainColons(SwaggerModule.createDocument(app, config)), {
    jsonDocumentUrl: 'api/openapi.json',
    yamlDocumentUrl: 'api/openapi.yaml',
    customSiteTitle: 'Leeway API',
  });
}

/** Fastify writes a colon that begins no parameter as two (`/collectors::detect`); callers write one. */
function withPlainColons(document: OpenAPIObject): OpenAPIObject {
  const paths = Object.entries(document.paths).map(([path, item]) => [path.replaceAll('::', ':'), item]);
  return { ...document, paths: Object.fromEntries(paths) as OpenAPIObject['paths'] };
}
