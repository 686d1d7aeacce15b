-- v_domains stays: it may be FusionPBX's, and other tables of the PBX hang on it.
SELECT 1;
