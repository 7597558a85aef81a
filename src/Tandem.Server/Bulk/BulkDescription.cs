using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.OpenApi;
using Tandem.Contracts.Bulk;
using Tandem.Server.Http;
using Tandem.Server.Referrals.Query;

namespace Tandem.Server.Bulk;

/// <summary>Bodies and answers of the bulk API, from the metadata that reads and writes them.</summary>
internal static class BulkDescription
{
    public static void Describe(OpenApiOperation operation, string method, string path, OpenApiDocument document)
    {
        var schema = (method, path) == ("GET", ImportEndpoints.Path) ? Of(BulkJson.Default.AdminPageImport, document) : Schema(path, document);
        var isFile = schema is null;
        if (method == "PUT")
            operation.RequestBody = Body("application/json", Of(BulkJson.Default.ImportMapping, document));
        if ((method, path) == ("POST", ImportEndpoints.Path))
        {
            operation.RequestBody = Body("application/octet-stream", new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" });
            operation.Parameters = [OpenApiDescription.Option("fileName", ParameterLocation.Query, "What people call the file.")];
        }

        foreach (var (name, what) in Options(path))
            (operation.Parameters ??= []).Add(OpenApiDescription.Option(name, ParameterLocation.Query, what));
        var status = method switch
        {
            "DELETE" => "204",
            "POST" when path == ImportEndpoints.Path => "201",
            _ => "200",
        };
        operation.Responses = new OpenApiResponses
        {
            [status] = method == "DELETE" ? new OpenApiResponse { Description = "It is forgotten" }
                : isFile ? OpenApiDescription.Answer("The file", new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" }, "text/csv")
                : OpenApiDescription.Answer("The result", schema!),
            ["4XX"] = OpenApiDescription.Answer("What is wrong, and how to mend it", OpenApiDescription.Of("ErrorResponse", document)),
        };
    }

    /// <summary>The forms of an answer that is also given as a file.</summary>
    public static void AddFiles(IDictionary<string, OpenApiMediaType> content)
    {
        content["text/csv"] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
        content[BulkWriter.WorkbookType] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } };
    }

    private static OpenApiSchemaReference? Schema(string path, OpenApiDocument document) => path switch
    {
        ExportEndpoint.Path => null,
        _ when path.EndsWith("/faulty", StringComparison.Ordinal) => null,
        _ when path.EndsWith("/rows", StringComparison.Ordinal) => Of(BulkJson.Default.ImportRowPage, document),
        _ => Of(BulkJson.Default.Import, document),
    };

    private static IEnumerable<(string Name, string What)> Options(string path) => path switch
    {
        ExportEndpoint.Path =>
        [
            ("format", "csv (default) or xlsx."), ("$filter", "The same condition that a list takes."), ("$orderby", "The same order."),
            (PartnerOption.Name, PartnerOption.Description),
        ],
        _ when path.EndsWith("/rows", StringComparison.Ordinal) =>
        [
            ("state", "Rows in these states, with commas between."), ("skip", "How many to leave out."), ("top", "How many, at most 500."),
        ],
        _ => [],
    };

    private static OpenApiRequestBody Body(string mediaType, IOpenApiSchema schema) => new()
    {
        Required = true,
        Content = new Dictionary<string, OpenApiMediaType> { [mediaType] = new() { Schema = schema } },
    };

    private static OpenApiSchemaReference Of(JsonTypeInfo type, OpenApiDocument document)
    {
        var schemas = document.Components!.Schemas!;
        var name = type.Type.IsGenericType ? $"{type.Type.GetGenericArguments()[0].Name}List" : type.Type.Name;
        if (schemas.ContainsKey(name))
            return OpenApiDescription.Of(name, document);
        var schema = new OpenApiSchema { Type = JsonSchemaType.Object, Properties = new Dictionary<string, IOpenApiSchema>() };
        schemas[name] = schema;
        foreach (var property in type.Properties)
            schema.Properties[property.Name] = Value(property.PropertyType, property.IsGetNullable, document);
        return OpenApiDescription.Of(name, document);
    }

    private static IOpenApiSchema Value(Type type, bool isNullable, OpenApiDocument document)
    {
        var scalar = Nullable.GetUnderlyingType(type) ?? type;
        var nullable = isNullable || scalar != type ? JsonSchemaType.Null : 0;
        if (scalar.IsEnum)
        {
            return new OpenApiSchema
            {
                Type = JsonSchemaType.String | nullable,
                Enum = [.. Enum.GetNames(scalar).Select(n => (JsonNode)JsonValue.Create(n)!)],
            };
        }

        if (scalar == typeof(int))
            return new OpenApiSchema { Type = JsonSchemaType.Integer | nullable };
        if (scalar == typeof(string) || scalar == typeof(Guid) || scalar == typeof(DateTimeOffset))
        {
            return new OpenApiSchema
            {
                Type = JsonSchemaType.String | nullable,
                Format = scalar == typeof(Guid) ? "uuid" : scalar == typeof(DateTimeOffset) ? "date-time" : null,
            };
        }

        return scalar.IsGenericType
            ? new OpenApiSchema { Type = JsonSchemaType.Array, Items = Value(scalar.GetGenericArguments()[0], false, document) }
            : Of(BulkJson.Default.GetTypeInfo(scalar)!, document);
    }
}
