using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Tandem.Contracts.Engagements;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;
using Tandem.Server.Bulk;
using Tandem.Server.Organizations;
using Tandem.Server.Referrals.Feed;
using Tandem.Server.Referrals.Query;
using Tandem.Server.Referrals.Reports;

namespace Tandem.Server.Http;

/// <summary>
/// Adds what the routes cannot say of themselves: bodies and answers of the Referrals API, from the same description of
/// the contract that reads and writes them, and the bearer token.
/// </summary>
internal sealed class OpenApiDescription : IOpenApiDocumentTransformer
{
    private static readonly Type[] Described =
    [
        typeof(ErrorResponse), typeof(ReferralPage), typeof(ReferralHistoryPage), typeof(ReferralDelta), typeof(ReferralTombstone),
        typeof(ReferralEvent), typeof(EngagementProof), typeof(ReferralTotals), typeof(PartnerPage),
        typeof(StageReport), typeof(OutcomeReport), typeof(TimeReport), typeof(PartnerReport), typeof(SolutionReport), typeof(SourceReport),
    ];

    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info.Title = "Tandem";
        document.Info.Version = "v1";
        document.Info.Description = "Referral and co-sell exchange; speaks the Microsoft Partner Center Referrals API.";
        // The document is committed: it names no host.
        document.Servers = [];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            ["bearer"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "JWT" },
        };
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", document)] = [] }];
        document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
        Define(ContractType.Referral, document);
        foreach (var type in Described)
            Define(ContractType.Of(type), document);
        // Not one of our own types, which all have one shape.
        ((OpenApiSchema)((OpenApiSchema)document.Components.Schemas["ReferralDelta"]).Properties!["value"]).Items =
            new OpenApiSchema { OneOf = [Of("Referral", document), Of("ReferralTombstone", document)] };

        foreach (var (path, item) in document.Paths)
        {
            if (!path.StartsWith("/v1.0/engagements/", StringComparison.Ordinal))
                continue;
            foreach (var (method, operation) in item.Operations ?? [])
            {
                if (path == ExportEndpoint.Path || path.StartsWith(ImportEndpoints.Path, StringComparison.Ordinal))
                    BulkDescription.Describe(operation, method.Method, path, document);
                else
                    Describe(operation, method.Method, path, document);
            }
        }

        return Task.CompletedTask;
    }

    private static void Describe(OpenApiOperation operation, string method, string path, OpenApiDocument document)
    {
        if (method is "POST" or "PUT" or "PATCH")
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = Of("Referral", document) } },
            };
        }

        AddOptions(operation, method, path);
        var (status, schema) = (method, path) switch
        {
            ("POST", _) => ("201", "Referral"),
            (_, ChangeStream.Path) => ("200", "ReferralEvent"),
            (_, PartnersEndpoint.Path) => ("200", "PartnerPage"),
            (_, var p) when p.EndsWith("/history", StringComparison.Ordinal) => ("200", "ReferralHistoryPage"),
            (_, TotalsEndpoint.Path) => ("200", "ReferralTotals"),
            (_, var p) when p.EndsWith("/proof", StringComparison.Ordinal) => ("200", "EngagementProof"),
            (_, var p) when IsReport(p) => ("200", SchemaOf(p)),
            ("GET", "/v1.0/engagements/referrals") => ("200", "ReferralPage"),
            _ => ("200", "Referral"),
        };
        operation.Responses = new OpenApiResponses
        {
            [status] = path == ChangeStream.Path
                ? Answer("Events that do not end; the data of each is", Of(schema, document), ChangeStream.MediaType)
                : Answer("The result", Of(schema, document)),
            ["4XX"] = Answer("What is wrong, and how to mend it", Of("ErrorResponse", document)),
        };
        if (IsReport(path))
            BulkDescription.AddFiles(operation.Responses[status].Content!);
        if (IsList(method, path))
        {
            ((OpenApiMediaType)operation.Responses[status].Content!["application/json"]).Schema =
                new OpenApiSchema { AnyOf = [Of(schema, document), Of("ReferralDelta", document)] };
        }
    }

    private static bool IsList(string method, string path) => (method, path) == ("GET", "/v1.0/engagements/referrals");

    private static bool IsReport(string path) => path.StartsWith(ReportEndpoints.Path, StringComparison.Ordinal);

    // From stages to StageReport.
    private static string SchemaOf(string report) =>
        $"{char.ToUpperInvariant(report[ReportEndpoints.Path.Length])}{report[(ReportEndpoints.Path.Length + 1)..^1]}Report";

    private static void AddOptions(OpenApiOperation operation, string method, string path)
    {
        if (IsList(method, path))
        {
            operation.Parameters =
            [
                Option("Prefer", ParameterLocation.Header,
                    "odata.track-changes: the last page carries @odata.deltaLink. wait=30, on a delta link: wait as many seconds for a change, at most 60."),
                Option("$deltatoken", ParameterLocation.Query, "Of an @odata.deltaLink: the answer is a ReferralDelta."),
                Partner,
            ];
        }
        else if (path == TotalsEndpoint.Path)
        {
            operation.Parameters = [Option("$filter", ParameterLocation.Query, "The same condition that a list takes."), Partner];
        }
        else if (IsReport(path))
        {
            operation.Parameters =
            [
                Option("$filter", ParameterLocation.Query, "Which referrals, by the same condition that a list takes."),
                Partner,
                Option("from", ParameterLocation.Query, $"First day of the period, such as 2026-01-01, UTC. {PeriodOf(path)}"),
                Option("to", ParameterLocation.Query, "Last day of the period; it belongs to it."),
                Option("by", ParameterLocation.Query, "week (from Monday), month or quarter: one row for each; without it one for the whole period."),
                Option("format", ParameterLocation.Query, "csv, xlsx or json, for those who cannot send Accept."),
            ];
        }
        else if (path == ChangeStream.Path)
        {
            operation.Parameters =
            [
                Option("Last-Event-ID", ParameterLocation.Header, "Goes on behind this event."),
                Option("after", ParameterLocation.Query, "The same, for clients that cannot send the header; 0-0 is the beginning."),
            ];
        }
        else if (path == PartnersEndpoint.Path)
        {
            operation.Parameters = [Option("search", ParameterLocation.Query, "Part of a name, or the id of an organization or a location.")];
        }
    }

    private static string PeriodOf(string report) => report[ReportEndpoints.Path.Length..] switch
    {
        "outcomes" => "What was closed in it counts.",
        "times" => "What ended in it counts: an answer, or a deal that was won or lost.",
        _ => "What was created in it counts.",
    };

    private static OpenApiParameter Partner => Option(PartnerOption.Name, ParameterLocation.Query, PartnerOption.Description);

    internal static OpenApiParameter Option(string name, ParameterLocation place, string description) => new()
    {
        Name = name,
        In = place,
        Description = description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
    };

    internal static OpenApiResponse Answer(string description, IOpenApiSchema schema, string mediaType = "application/json") => new()
    {
        Description = description,
        Content = new Dictionary<string, OpenApiMediaType> { [mediaType] = new() { Schema = schema } },
    };

    internal static OpenApiSchemaReference Of(string name, OpenApiDocument document) => new(name, document);

    private static void Define(ContractType type, OpenApiDocument document)
    {
        var schemas = document.Components!.Schemas!;
        var name = type.ClrType.Name;
        if (schemas.ContainsKey(name))
            return;
        var schema = new OpenApiSchema { Type = JsonSchemaType.Object, Properties = new Dictionary<string, IOpenApiSchema>() };
        schemas[name] = schema;
        foreach (var property in type.Properties)
        {
            var value = Value(property, document);
            schema.Properties[property.Name] = property.Kind == ContractKind.List
                ? new OpenApiSchema { Type = JsonSchemaType.Array, Items = value }
                : value;
        }
    }

    private static IOpenApiSchema Value(ContractProperty property, OpenApiDocument document)
    {
        var nullable = property.IsNullable ? JsonSchemaType.Null : 0;
        switch (property.ElementKind)
        {
            case ContractKind.Object:
                Define(property.Nested!, document);
                return Of(property.Nested!.ClrType.Name, document);
            case ContractKind.Boolean:
                return new OpenApiSchema { Type = JsonSchemaType.Boolean | nullable, ReadOnly = IsReadOnly(property) };
            case ContractKind.Number:
                return new OpenApiSchema { Type = JsonSchemaType.Number | nullable, ReadOnly = IsReadOnly(property) };
            case ContractKind.Json:
                return new OpenApiSchema();
            case ContractKind.Enumeration:
                return new OpenApiSchema
                {
                    Type = JsonSchemaType.String | nullable,
                    Enum = [.. property.MemberNames.Select(n => (JsonNode)JsonValue.Create(n)!)],
                    ReadOnly = IsReadOnly(property),
                };
            default:
                return new OpenApiSchema
                {
                    Type = JsonSchemaType.String | nullable,
                    Format = property.ElementKind switch
                    {
                        ContractKind.Time => "date-time",
                        ContractKind.Guid => "uuid",
                        _ => null,
                    },
                    MaxLength = property.MaxLength > 0 ? property.MaxLength : null,
                    ReadOnly = IsReadOnly(property),
                };
        }
    }

    private static bool IsReadOnly(ContractProperty property) => property.Access is Access.Server or Access.Registration;
}
