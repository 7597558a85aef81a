using Microsoft.Extensions.Diagnostics.HealthChecks;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Scalar.AspNetCore;
using Tandem.Server.Http;
using Tandem.Server.Storage;

namespace Tandem.Server;

/// <summary>What an operator sees: health, telemetry by the standard environment variables, and the API's description.</summary>
internal static class Operations
{
    private const string Exporter = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public static void AddOperations(this WebApplicationBuilder builder)
    {
        builder.Services.AddHealthChecks().AddCheck<DatabaseCheck>("database", timeout: TimeSpan.FromSeconds(5));
        builder.Services.AddOpenApi("v1", options => options.AddDocumentTransformer<OpenApiDescription>());
        // Unless somebody collects it, nothing is measured.
        if (builder.Configuration[Exporter] is null)
            return;
        builder.Logging.AddOpenTelemetry(logs => logs.IncludeScopes = true);
        builder.Services.AddOpenTelemetry()
            .WithTracing(traces => traces.AddAspNetCoreInstrumentation().AddSource("Npgsql"))
            .WithMetrics(metrics => metrics.AddAspNetCoreInstrumentation().AddRuntimeInstrumentation())
            .UseOtlpExporter();
    }

    public static void MapOperations(this WebApplication app)
    {
        app.MapHealthChecks("/healthz", new() { Predicate = static _ => false });
        app.MapHealthChecks("/readyz");
        app.MapOpenApi();
        app.MapScalarApiReference("/scalar");
    }

    private sealed class DatabaseCheck(ReferralStore store) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            await store.Find(Guid.Empty, cancellationToken);
            return HealthCheckResult.Healthy();
        }
    }
}
