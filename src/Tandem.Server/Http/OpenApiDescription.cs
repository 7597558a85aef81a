using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Tandem.Contracts.Engagements;
using Tandem.Contracts.Reading;
using Tandem.Contracts.Referrals;

namespace Tandem.Server.Http;

/// <summary>
/// Adds what the routes cannot say of themselves: bodies and answers of the Referrals API, from the same description of
/// the contract that reads and writes them, and the bearer token.
/// </summary>
internal sealed class OpenApiDescription : IOpenApiDocumentTransformer
{
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
        foreach (var type in new[] { typeof(ErrorResponse), typeof(ReferralPage), typeof(ReferralHistoryPage), typeof(EngagementProof) })
            Define(ContractType.Of(type), document);

        foreach (var (path, item) in document.Paths)
        {
            if (!path.StartsWith("/v1.0/engagements/", StringComparison.Ordinal))
                continue;
            foreach (var (method, operation) in item.Operations ?? [])
                Describe(operation, method.Method, path, document);
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

        var (status, schema) = (method, path) switch
        {
            ("POST", _) => ("201", "Referral"),
            (_, var p) when p.EndsWith("/history", StringComparison.Ordinal) => ("200", "ReferralHistoryPage"),
            (_, var p) when p.EndsWith("/proof", StringComparison.Ordinal) => ("200", "EngagementProof"),
            ("GET", "/v1.0/engagements/referrals") => ("200", "ReferralPage"),
            _ => ("200", "Referral"),
        };
        operation.Responses = new OpenApiResponses
        {
            [status] = Answer("The result", Of(schema, document)),
            ["4XX"] = Answer("What is wrong, and how to mend it", Of("ErrorResponse", document)),
        };
    }

    private static OpenApiResponse Answer(string description, IOpenApiSchema schema) => new()
    {
        Description = description,
        Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = schema } },
    };

    private static OpenApiSchemaReference Of(string name, OpenApiDocument document) => new(name, document);

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
