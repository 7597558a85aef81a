using System.Reflection;
using System.Text;
using System.Xml;
using Microsoft.OData.Edm;
using Microsoft.OData.Edm.Csdl;
using Tandem.Contracts.Reading;

using Tandem.Server.Http;

namespace Tandem.Server.Referrals.Query;

/// <summary>The entity model that <c>/v1.0/$metadata</c> shows, made from the contract.</summary>
internal static class ReferralModel
{
    private const string Namespace = "Tandem.Referrals";

    private static readonly Lazy<byte[]> Csdl = new(MakeCsdl);

    public static void MapMetadata(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1.0/$metadata", () => Results.Bytes(Csdl.Value, "application/xml; charset=utf-8")).Compress()
            .WithTags("Referrals").WithSummary("The OData model (CSDL)");

    private static EdmModel Make()
    {
        var model = new EdmModel();
        var types = new Dictionary<Type, IEdmSchemaType>();
        var referral = new EdmEntityType(Namespace, "Referral");
        AddProperties(referral, ContractType.Referral, model, types);
        referral.AddKeys((IEdmStructuralProperty)referral.FindProperty("id"));
        model.AddElement(referral);
        var container = new EdmEntityContainer(Namespace, "Container");
        container.AddEntitySet("Referrals", referral);
        model.AddElement(container);
        return model;
    }

    private static void AddProperties(
        EdmStructuredType owner, ContractType contract, EdmModel model, Dictionary<Type, IEdmSchemaType> types)
    {
        // Names with @ are annotations of an answer, no properties.
        foreach (var property in contract.Properties.Where(p => !p.Name.StartsWith('@')))
            owner.AddStructuralProperty(property.Name, TypeOf(property, contract, model, types));
    }

    private static IEdmTypeReference TypeOf(
        ContractProperty property, ContractType owner, EdmModel model, Dictionary<Type, IEdmSchemaType> types)
    {
        var isNullable = property.IsNullable;
        IEdmTypeReference type = property.ElementKind switch
        {
            ContractKind.Text => EdmCoreModel.Instance.GetString(false, property.MaxLength > 0 ? property.MaxLength : null, true, isNullable),
            ContractKind.Boolean => EdmCoreModel.Instance.GetBoolean(isNullable),
            ContractKind.Number => EdmCoreModel.Instance.GetDecimal(null, null, isNullable),
            ContractKind.Time => EdmCoreModel.Instance.GetTemporal(EdmPrimitiveTypeKind.DateTimeOffset, 6, isNullable),
            ContractKind.Guid => EdmCoreModel.Instance.GetGuid(isNullable),
            ContractKind.Enumeration => new EdmEnumTypeReference(EnumOf(property, owner, model, types), isNullable),
            ContractKind.Object => new EdmComplexTypeReference(ComplexOf(property.Nested!, model, types), isNullable),
            _ => new EdmUntypedTypeReference(EdmCoreModel.Instance.GetUntypedType()),
        };
        return property.Kind == ContractKind.List ? EdmCoreModel.GetCollection(type) : type;
    }

    private static EdmComplexType ComplexOf(ContractType contract, EdmModel model, Dictionary<Type, IEdmSchemaType> types)
    {
        if (types.TryGetValue(contract.ClrType, out var known))
            return (EdmComplexType)known;
        var complex = new EdmComplexType(Namespace, contract.ClrType.Name);
        types.Add(contract.ClrType, complex);
        AddProperties(complex, contract, model, types);
        model.AddElement(complex);
        return complex;
    }

    // On the wire an enumeration is its name, which is also how OData writes an enumeration in JSON: so the model can
    // say which names there are.
    private static EdmEnumType EnumOf(
        ContractProperty property, ContractType owner, EdmModel model, Dictionary<Type, IEdmSchemaType> types)
    {
        const BindingFlags AnyCase = BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase;
        var clr = owner.ClrType.GetProperty(property.Name, AnyCase)!.PropertyType;
        clr = Nullable.GetUnderlyingType(clr) ?? clr;
        if (types.TryGetValue(clr, out var known))
            return (EdmEnumType)known;
        var type = new EdmEnumType(Namespace, clr.Name);
        types.Add(clr, type);
        var number = 0L;
        foreach (var member in property.MemberNames)
            type.AddMember(member, new EdmEnumMemberValue(number++));
        model.AddElement(type);
        return type;
    }

    private static byte[] MakeCsdl()
    {
        using var buffer = new MemoryStream();
        using (var xml = XmlWriter.Create(buffer, new XmlWriterSettings { Encoding = new UTF8Encoding(false), Indent = true }))
        {
            if (!CsdlWriter.TryWriteCsdl(Make(), xml, CsdlTarget.OData, out var errors))
                throw new InvalidOperationException($"The model cannot be written: {string.Join("; ", errors)}");
        }

        return buffer.ToArray();
    }
}
