using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Tandem.Contracts.ValueLists;

/// <summary>Country and currency codes. Source: ISO 3166-1 and ISO 4217, by Debian's iso-codes.</summary>
public static class IsoCodes
{
    // Two letters and three letters of each country, joined.
    private const string CountryPairs =
        "ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE BABIH"
        + " BBBRB BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT"
        + " BWBWA BYBLR BZBLZ CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CRCRI CUCUB"
        + " CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP"
        + " ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB"
        + " GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL"
        + " ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM"
        + " KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA LYLBY"
        + " MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR MTMLT"
        + " MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU"
        + " NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT"
        + " REREU ROROU RSSRB RURUS RWRWA SASAU SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR"
        + " SNSEN SOSOM SRSUR SSSSD STSTP SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS"
        + " TMTKM TNTUN TOTON TRTUR TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN"
        + " VGVGB VIVIR VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF ZMZMB ZWZWE";

    private const string CurrencyCodes =
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD"
        + " CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP"
        + " GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW"
        + " KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD"
        + " NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE"
        + " SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED"
        + " VES VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWL";

    private static readonly FrozenDictionary<string, string> CountryByCode = CountryPairs.Split(' ')
        .SelectMany(pair => new[] { (Code: pair[..2], Alpha2: pair[..2]), (Code: pair[2..], Alpha2: pair[..2]) })
        .ToFrozenDictionary(c => c.Code, c => c.Alpha2, StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> CurrencySet = CurrencyCodes.Split(' ').ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The countries as two upper-case letters (ISO 3166-1 alpha-2), in alphabetical order.</summary>
    public static IReadOnlyList<string> Countries { get; } = [.. CountryPairs.Split(' ').Select(pair => pair[..2])];

    /// <summary>The currencies as three upper-case letters (ISO 4217), in alphabetical order.</summary>
    public static IReadOnlyList<string> Currencies { get; } = CurrencyCodes.Split(' ');

    /// <summary>Turns a code of two or three letters in any case into its two upper-case letters.</summary>
    public static bool TryCountry(string text, [NotNullWhen(true)] out string? alpha2) =>
        CountryByCode.TryGetValue(text, out alpha2);

    /// <summary>Whether three upper-case letters are a currency.</summary>
    public static bool IsCurrency(string code) => CurrencySet.Contains(code);
}
