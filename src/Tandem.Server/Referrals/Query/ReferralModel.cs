using System.Text;
using System.Xml;
using Microsoft.OData.Edm;
using Microsoft.OData.Edm.Csdl;
using Tandem.Contracts.Reading;

namespace Tandem.Server.Referrals.Query;

/// <summary><c>/v1.0/$metadata</c>: the contract as an OData model, made from the same description as everything else.</summary>
internal static class ReferralModel
{
    private const string Namespace = "Tandem.Referrals";
    private static readonly Lazy<byte[]> Csdl = new(Write);

    public static void MapMetadata(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1.0/$metadata", () => Results.Bytes(Csdl.Value, "application/xml; charset=utf-8"))
            .WithTags("Referrals").WithSummary("The OData model (CSDL)");

    private static byte[] Write()
    {
        var model = new EdmModel();
        var types = new Dictionary<ContractType, EdmStructuredType>();
        var container = new EdmEntityContainer(Namespace, "Container");
        model.AddElement(container);
        container.AddEntitySet("Referrals", (IEdmEntityType)Define(ContractType.Referral, model, types));
        using var buffer = new MemoryStream();
        using (var xml = XmlWriter.Create(buffer, new XmlWriterSettings { Indent = true, Encoding = new UTF8Encoding(false) }))
        {
            if (!CsdlWriter.TryWriteCsdl(model, xml, CsdlTarget.OData, out var errors))
                throw new InvalidOperationException(string.Join("; ", errors.Select(e => e.ErrorMessage)));
        }

        return buffer.ToArray();
    }

    private static EdmStructuredType Define(ContractType type, EdmModel model, Dictionary<ContractType, EdmStructuredType> types)
    {
        if (types.TryGetValue(type, out var known))
            return known;

        EdmStructuredType defined;
        if (type == ContractType.Referral)
        {
            var entity = new EdmEntityType(Namespace, type.ClrType.Name);
            model.AddElement(entity);
            defined = entity;
        }
        else
        {
            var complex = new EdmComplexType(Namespace, type.ClrType.Name);
            model.AddElement(complex);
            defined = complex;
        }

        types[type] = defined;
        foreach (var property in type.Properties)
        {
            // Control information is not part of the model, and the shape of free JSON is nobody's promise.
            if (property.Name.StartsWith('@') || property.ElementKind == ContractKind.Json)
                continue;
            var reference = Reference(property, model, types);
            var added = defined.AddStructuralProperty(property.Name,
                property.Kind == ContractKind.List ? new EdmCollectionTypeReference(new EdmCollectionType(reference)) : reference);
            if (defined is EdmEntityType entity && property.Name == "id")
                entity.AddKeys(added);
        }

        return defined;
    }

    private static IEdmTypeReference Reference(
        ContractProperty property, EdmModel model, Dictionary<ContractType, EdmStructuredType> types) => property.ElementKind switch
        {
            ContractKind.Boolean => EdmCoreModel.Instance.GetBoolean(property.IsNullable),
            ContractKind.Number => EdmCoreModel.Instance.GetDecimal(property.IsNullable),
            ContractKind.Time => EdmCoreModel.Instance.GetDateTimeOffset(property.IsNullable),
            ContractKind.Guid => EdmCoreModel.Instance.GetGuid(property.IsNullable),
            ContractKind.Object => new EdmComplexTypeReference((IEdmComplexType)Define(property.Nested!, model, types), isNullable: false),
            // Names of closed lists are filtered as quoted texts, so they are texts here too.
            _ => EdmCoreModel.Instance.GetString(property.IsNullable),
        };
}
